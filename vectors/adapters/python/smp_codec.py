"""Primitive encodings, padding, version negotiation and addresses of relays.

Bytes are hexadecimal text in requests and answers.
"""

import base64
import binascii
import ipaddress
import re


class Refused(Exception):
    """Inputs that are not acceptable; the first argument is the class of the error."""


class Reader:
    """Takes fields from bytes; what is missing or left over is refused."""

    def __init__(self, text):
        self.rest = bytes.fromhex(text)

    def take(self, size):
        if len(self.rest) < size:
            raise Refused("Truncated", f"{size} bytes expected, {len(self.rest)} left")
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def number(self, size, signed=False):
        return int.from_bytes(self.take(size), "big", signed=signed)

    def string(self, prefix):
        return self.take(self.number(prefix))

    def end(self):
        if self.rest:
            raise Refused("Trailing", f"{len(self.rest)} bytes are left")


def decode(encoded, read):
    reader = Reader(encoded)
    value = read(reader)
    reader.end()
    return value


def string(value, prefix):
    if len(value) >= 1 << (8 * prefix):
        raise Refused("TooLong", f"{len(value)} bytes")
    return len(value).to_bytes(prefix, "big") + value


def read_boolean(reader):
    letter = reader.take(1)
    if letter not in (b"T", b"F"):
        raise Refused("BadBoolean", repr(letter))
    return letter == b"T"


def read_optional(reader):
    letter = reader.take(1)
    if letter not in (b"0", b"1"):
        raise Refused("BadOption", repr(letter))
    return reader.string(1).hex() if letter == b"1" else None


def read_list(reader, read):
    count = reader.number(1)
    if count == 0:
        raise Refused("EmptyList", "a count of 0")
    return [read(reader) for _ in range(count)]


def encode_list(values):
    if not values:
        raise Refused("EmptyList", "no items")
    if len(values) > 255:
        raise Refused("TooLong", f"{len(values)} items")
    return bytes([len(values)]) + b"".join(values)


# Padding.


def pad(message, length):
    message = bytes.fromhex(message)
    if len(message) > min(length - 2, 65533):
        raise Refused("TooLong", f"{len(message)} bytes in {length}")
    return {"padded": (string(message, 2)).ljust(length, b"#").hex()}


def unpad(padded):
    reader = Reader(padded)
    length = reader.number(2)
    if length > len(reader.rest):
        raise Refused("PaddingLength", f"{length} of {len(reader.rest)} bytes")
    return {"message": reader.take(length).hex(), "padding": reader.rest.hex()}


# Versions.


def checked(versions):
    if versions[0] > versions[1]:
        raise Refused("BadVersionRange", str(versions))
    return versions


def sent(versions):
    return b"".join(v.to_bytes(2, "big") for v in versions)


def read_versions(reader):
    return checked([reader.number(2), reader.number(2)])


def parse_versions(text):
    if not re.fullmatch(r"[0-9]+(-[0-9]+)?", text):
        raise Refused("NotVersions", repr(text))
    # The official parser does not check the range of numbers.
    low, _, high = text.partition("-")
    numbers = [int(n) & 0xFFFF for n in (low, high or low)]
    return checked(numbers)


def version_text(versions):
    low, high = versions
    return str(low) if low == high else f"{low}-{high}"


def parse_version_range(text):
    versions = parse_versions(text)
    return {"range": versions, "canonical": version_text(versions)}


def common_versions(range1, range2):
    first, second = checked(range1), checked(range2)
    common = [max(first[0], second[0]), min(first[1], second[1])]
    if common[0] > common[1]:
        raise Refused("NoCommonVersion", f"{first} and {second}")
    return {"common": common, "version": common[1], "sent1": sent(first).hex(), "sent2": sent(second).hex()}


def cap_versions(range, version):
    low, high = checked(range)
    if not low <= version <= high:
        raise Refused("VersionOutside", f"{version} and {range}")
    return {"capped": [low, version], "sent": sent(range).hex(), "answer": version.to_bytes(2, "big").hex()}


# Addresses of relays.


def parse_base64url(text, refusal):
    if not re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", text) or "=" in text and len(text) % 4 != 0:
        raise Refused(refusal, "not base64url")
    try:
        value = base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except binascii.Error as err:
        raise Refused(refusal, str(err)) from err
    if base64.urlsafe_b64encode(value).decode().rstrip("=") != text.rstrip("="):
        raise Refused(refusal, "bits are left over")
    return value


def host_kind(text):
    """The kind and the canonical text of a host."""
    parts = re.fullmatch(r"([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)", text)
    if parts and all(int(n) <= 255 for n in parts.groups()[:3]):
        numbers = [int(n) for n in parts.groups()]
        numbers[3] &= 0xFF  # as the official parser does
        return "ipv4", ".".join(map(str, numbers))
    if re.match(r"[0-9]{1,3}(\.[0-9]{1,3}){3}[^0-9.]", text):
        raise Refused("MalformedHost", "characters after an IPv4 address")
    if ":" in text:
        bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        try:
            if "." in bare or "%" in bare:
                raise ValueError("not only groups of digits")
            return "ipv6", str(ipaddress.IPv6Address(bare))
        except ValueError as err:
            raise Refused("MalformedHost", str(err)) from err
    if text.endswith(".onion"):
        if not re.fullmatch(r"[a-z0-9]+\.onion", text):
            raise Refused("MalformedHost", "no onion address")
        return "onion", text
    if not text or re.search(r"[ #,;:/\n\r\t\[\]]", text):
        raise Refused("MalformedHost", "no name")
    return "domain", text


def parse_host(text):
    kind, canonical = host_kind(text)
    return {"kind": kind, "canonical": canonical, "encoded": string(canonical.encode(), 1).hex()}


def parse_location(text, refusal):
    """Hosts and port. IPv6 addresses stand in brackets where a port may follow."""
    match = re.fullmatch(r"((?:\[[^\]]*\]|[^:\[\]])+)(?::([0-9]+))?", text)
    if not match:
        raise Refused(refusal, "hosts or port are malformed")
    try:
        hosts = [host_kind(h)[1] for h in match.group(1).split(",")]
    except Refused as err:
        raise Refused(refusal, str(err)) from err
    return hosts, str(int(match.group(2))) if match.group(2) else ""


def server_binary(hosts, port, key_hash):
    tail = string(port.encode(), 1) + string(key_hash, 1)
    names = [string(h.encode(), 1) for h in hosts]
    return encode_list(names) + tail, names[0] + tail


def split_server(text, refusal="MalformedServer"):
    match = re.fullmatch(r"(smp|ntf|xftp)://([^@:]*)(:[^@]*)?@(.*)", text, re.DOTALL)
    if not match:
        raise Refused(refusal, "no address of a relay")
    scheme, fingerprint, password, location = match.groups()
    if password is not None and not re.fullmatch(r":[!-~\u00a1-\u00ac\u00ae-\u00ff]+", password):
        raise Refused(refusal, "no password")
    if password is not None and re.search(r"[@:/]", password[1:]):
        raise Refused(refusal, "a character that a password must not have")
    key_hash = parse_base64url(fingerprint, refusal)
    hosts, port = parse_location(location, refusal)
    return scheme, key_hash, password[1:] if password else None, hosts, port


def server_text(scheme, key_hash, hosts, port):
    text = f"{scheme}://{base64.urlsafe_b64encode(key_hash).decode()}@{','.join(hosts)}"
    return f"{text}:{port}" if port else text


def parse_server(text):
    scheme, key_hash, password, hosts, port = split_server(text)
    current, legacy = server_binary(hosts, port, key_hash)
    return {
        "scheme": scheme,
        "key_hash": key_hash.hex(),
        "password": password,
        "hosts": hosts,
        "first_host": hosts[0],
        "port": port,
        "canonical": server_text(scheme, key_hash, hosts, port),
        "encoded": current.hex(),
        "legacy": legacy.hex(),
    }


def read_host(reader):
    return host_kind(reader.string(1).decode("latin-1"))[1]


def decode_server(encoded):
    def read(reader):
        try:
            hosts = read_list(reader, read_host)
        except Refused as err:
            if err.args[0] == "EmptyList":
                raise Refused("MalformedServer", "no hosts") from err
            raise
        port, key_hash = reader.string(1), reader.string(1)
        return {"hosts": hosts, "port": port.decode(), "key_hash": key_hash.hex()}

    return decode(encoded, read)


def decode_legacy_server(legacy):
    def read(reader):
        host, port, key_hash = read_host(reader), reader.string(1), reader.string(1)
        return {"first_host": host, "port": port.decode(), "key_hash": key_hash.hex()}

    return decode(legacy, read)


OPERATIONS = {
    "encode_word16": lambda value: {"encoded": value.to_bytes(2, "big").hex()},
    "decode_word16": lambda encoded: {"value": decode(encoded, lambda r: r.number(2))},
    "encode_word32": lambda value: {"encoded": value.to_bytes(4, "big").hex()},
    "decode_word32": lambda encoded: {"value": decode(encoded, lambda r: r.number(4))},
    "encode_int64": lambda value: {"encoded": int(value).to_bytes(8, "big", signed=True).hex()},
    "decode_int64": lambda encoded: {"value": str(decode(encoded, lambda r: r.number(8, signed=True)))},
    "encode_boolean": lambda value: {"encoded": (b"T" if value else b"F").hex()},
    "decode_boolean": lambda encoded: {"value": decode(encoded, read_boolean)},
    "encode_short_string": lambda value: {"encoded": string(bytes.fromhex(value), 1).hex()},
    "decode_short_string": lambda encoded: {"value": decode(encoded, lambda r: r.string(1)).hex()},
    "encode_large_string": lambda value: {"encoded": string(bytes.fromhex(value), 2).hex()},
    "decode_large_string": lambda encoded: {"value": decode(encoded, lambda r: r.string(2)).hex()},
    "encode_optional": lambda value: {"encoded": (b"0" if value is None else b"1" + string(bytes.fromhex(value), 1)).hex()},
    "decode_optional": lambda encoded: {"value": decode(encoded, read_optional)},
    "encode_list": lambda values: {"encoded": encode_list([string(bytes.fromhex(v), 1) for v in values]).hex()},
    "decode_list": lambda encoded: {"values": decode(encoded, lambda r: read_list(r, lambda r: r.string(1).hex()))},
    "encode_version_range": lambda range: {"encoded": sent(checked(range)).hex()},
    "decode_version_range": lambda encoded: {"range": decode(encoded, read_versions)},
    "parse_version_range": parse_version_range,
    "common_versions": common_versions,
    "cap_versions": cap_versions,
    "pad": pad,
    "unpad": unpad,
    "parse_host": parse_host,
    "parse_server": parse_server,
    "decode_server": decode_server,
    "decode_legacy_server": decode_legacy_server,
}
