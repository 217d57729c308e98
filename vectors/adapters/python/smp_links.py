"""Queue URIs and short links, as texts and in binary form."""

import base64
import re
from urllib.parse import unquote_to_bytes

from smp_codec import (
    Reader,
    Refused,
    checked,
    encode_list,
    host_kind,
    parse_base64url,
    parse_versions,
    read_host,
    read_list,
    read_versions,
    sent,
    server_binary,
    split_server,
    string,
    version_text,
)

X25519_PREFIX = bytes.fromhex("302a300506032b656e032100")
MODES = {b"M": "M", b"C": "C", b"T": "M", b"F": "C"}


def base64url(value, padded=True):
    text = base64.urlsafe_b64encode(value).decode()
    return text if padded else text.rstrip("=")


OTHER_KEYS = {bytes.fromhex(prefix): size for prefix, size in {
    "302a300506032b6570032100": 32,
    "3042300506032b656f033900": 56,
    "3043300506032b6571033a00": 57,
}.items()}


def check_x25519(der):
    if OTHER_KEYS.get(der[:12]) == len(der) - 12:
        raise Refused("WrongKeyType", "a key of another algorithm")
    if len(der) != 44 or not der.startswith(X25519_PREFIX):
        raise Refused("MalformedKey", "no X25519 key")
    return der


# Parameters.


def split_parameters(text):
    if re.search(r"[ \n]", text):
        raise Refused("BadParameters", "a space or a line feed")
    return [item for item in re.split("[&;]", text.removeprefix("?")) if item]


def parse_parameters(text):
    parameters = {}
    for item in split_parameters(text):
        name, _, value = item.partition("=")
        name, value = (unquote_to_bytes(t.replace("+", " ")).decode("latin-1") for t in (name, value))
        parameters.setdefault(name, value)
    return parameters


def required(parameters, name):
    if name not in parameters:
        raise Refused("MissingParameter", name)
    return parameters[name]


def escape(value):
    return "".join(c if re.match(r"[A-Za-z0-9_.~-]", c) else f"%{ord(c):02X}" for c in value)


def format_parameters(parameters):
    return "&".join(f"{name}={escape(value)}" for name, value in parameters)


def parse_hosts(text):
    return [host_kind(h)[1] for h in text.split(",")]


# Queue URIs.


def queue_mode(parameters):
    by_letter = {"m": "M", "c": "C"}.get(parameters.get("q"))
    return by_letter or ("M" if parameters.get("k") == "s" else None)


def parse_queue_uri(text):
    relay, hash_mark, fragment = text.partition("#")
    match = re.fullmatch(r"(smp://[^/]*)/([^/]*)/?", relay, re.DOTALL)
    if not hash_mark or not match:
        refused = "MalformedServer" if not relay.startswith("smp://") else "MalformedQueueUri"
        raise Refused(refused, "expected an address, a queue id and #")
    _, key_hash, password, hosts, port = split_server(match.group(1))
    if password is not None:
        raise Refused("MalformedServer", "a password")
    sender_id = parse_base64url(match.group(2), "BadBase64")
    early_key = re.match(r"[A-Za-z0-9_-]*=*", fragment).group()
    rest = fragment[len(early_key) :]
    if not early_key and not re.match(r"/?\?", rest) or early_key and rest and not re.match(r"/?\?", rest):
        raise Refused("MalformedQueueUri", "expected /? and parameters")
    parameters = parse_parameters(rest.removeprefix("/").removeprefix("?"))
    dh_key = check_x25519(parse_base64url(early_key, "BadBase64")) if early_key else None
    versions = parse_versions(required(parameters, "v")) if rest else [1, 1]
    if dh_key is None:
        dh_key = check_x25519(parse_base64url(required(parameters, "dh"), "BadBase64"))
    if parameters.get("srv"):
        hosts = hosts + parse_hosts(parameters["srv"])
    fields = {
        "key_hash": key_hash.hex(),
        "hosts": hosts,
        "port": port,
        "sender_id": sender_id.hex(),
        "client_versions": versions,
        "dh_key": dh_key.hex(),
        "queue_mode": queue_mode(parameters),
    }
    items = split_parameters(rest.removeprefix("/").removeprefix("?"))
    return fields | {"parameters": items, "canonical": format_queue_uri(**fields)["canonical"]}


def format_queue_uri(key_hash, hosts, port, sender_id, client_versions, dh_key, queue_mode):
    parameters = [("v", version_text(checked(client_versions))), ("dh", base64url(check_x25519(bytes.fromhex(dh_key))))]
    if queue_mode == "M":
        parameters.append(("q", "m"))
        if client_versions[0] < 4:
            parameters.append(("k", "s"))
    elif queue_mode == "C":
        parameters.append(("q", "c"))
    shown = hosts
    if client_versions[0] < 2 and len(hosts) > 1:
        shown = hosts[:1]
        parameters.append(("srv", ",".join(hosts[1:])))
    relay = f"smp://{base64url(bytes.fromhex(key_hash))}@{','.join(shown)}" + (f":{port}" if port else "")
    return {"canonical": f"{relay}/{base64url(bytes.fromhex(sender_id))}#/?{format_parameters(parameters)}"}


def queue_relay(hosts, port, key_hash):
    if not hosts:
        raise Refused("MalformedServer", "no hosts")
    return server_binary([host_kind(h)[1] for h in hosts], port, bytes.fromhex(key_hash))


def queue_tail(sender_id, dh_key):
    return string(bytes.fromhex(sender_id), 1) + string(check_x25519(bytes.fromhex(dh_key)), 1)


def encode_queue_uri(key_hash, hosts, port, sender_id, client_versions, dh_key, queue_mode):
    low, high = checked(client_versions)
    if low >= 4:
        mode = (queue_mode or "").encode()
    elif low == 3:
        mode = b"T" if queue_mode == "M" else b"F"
    else:
        mode = b"T" if queue_mode == "M" and high >= 3 else b""
    relay = queue_relay(hosts, port, key_hash)[0]
    return {"encoded": (sent(client_versions) + relay + queue_tail(sender_id, dh_key) + mode).hex()}


def encode_queue_info(version, key_hash, hosts, port, sender_id, dh_key, queue_mode):
    if version >= 4:
        mode = (queue_mode or "").encode()
    else:
        mode = b"T" if version == 3 and queue_mode == "M" else b""
    current, legacy = queue_relay(hosts, port, key_hash)
    relay = legacy if version == 1 else current
    return {"encoded": (version.to_bytes(2, "big") + relay + queue_tail(sender_id, dh_key) + mode).hex()}


def read_server(reader, hosts):
    port, key_hash = reader.string(1), reader.string(1)
    return {"hosts": hosts, "port": port.decode("latin-1"), "key_hash": key_hash.hex()}


def read_hosts(reader):
    try:
        return read_list(reader, read_host)
    except Refused as err:
        raise Refused("MalformedServer" if err.args[0] == "EmptyList" else err.args[0], err.args[1]) from err


def read_queue(reader):
    queue = {"sender_id": reader.string(1).hex(), "dh_key": check_x25519(reader.string(1)).hex(), "queue_mode": None}
    letter = reader.rest[:1]
    if letter in MODES:
        queue["queue_mode"] = MODES[letter]
        reader.take(1)
    reader.end()
    return queue


def decode_queue_uri(encoded):
    reader = Reader(encoded)
    versions = read_versions(reader)
    fields = {"client_versions": versions} | read_server(reader, read_hosts(reader)) | read_queue(reader)
    return fields | {"recoded": encode_queue_uri(**fields)["encoded"]}


def decode_queue_info(encoded):
    reader = Reader(encoded)
    version = reader.number(2)
    hosts = [read_host(reader)] if version < 2 else read_hosts(reader)
    return {"version": version} | read_server(reader, hosts) | read_queue(reader)


# Short links.


def parse_short_link(text):
    match = re.fullmatch(r"(simplex:|https://([^/#]*))/([^/#]*)/?#([^?]*)(?:\?(.*))?", text, re.DOTALL)
    if not match:
        raise Refused("NotALink" if not re.match("simplex:|https://", text) else "MalformedShortLink", "no short link")
    scheme, host, letter, key_text, parameter_text = match.groups()
    hosts = [host_kind(host)[1]] if host is not None else []
    kind = letter if letter == "i" else letter.lower()
    if len(letter) != 1 or kind not in "iacgr" or letter == "I":
        raise Refused("MalformedShortLink", "an unknown type")
    link_id = None
    if kind == "i":
        id_text, slash, key_text = key_text.partition("/")
        if not slash:
            raise Refused("MalformedShortLink", "no link id")
        link_id = parse_base64url(id_text, "BadBase64")
    link_key = parse_base64url(key_text, "BadBase64")
    parameters = parse_parameters(parameter_text or "")
    if parameters.get("h"):
        hosts += parse_hosts(parameters["h"])
    port = ""
    if "p" in parameters:
        if not re.fullmatch("[0-9]+", parameters["p"]):
            raise Refused("BadPort", parameters["p"])
        port = str(int(parameters["p"]) & 0xFFFF)
    key_hash = parse_base64url(parameters["c"], "BadBase64") if "c" in parameters else b""
    if not hosts:
        raise Refused("MissingParameter", "h")
    fields = {
        "type": kind,
        "hosts": hosts,
        "port": port,
        "key_hash": key_hash.hex(),
        "link_id": None if link_id is None else link_id.hex(),
        "link_key": link_key.hex(),
    }
    return fields | {
        "web": host is not None,
        "parameters": split_parameters(parameter_text or ""),
        "canonical": format_short_link(web=host is not None, **fields)["canonical"],
        "encoded": encode_short_link(**fields)["encoded"],
    }


def format_short_link(type, web, hosts, port, key_hash, link_id, link_key):
    authority, listed = (f"https://{hosts[0]}", hosts[1:]) if web and hosts else ("simplex:", hosts)
    text = f"{authority}/{type}#"
    if type == "i":
        text += base64url(bytes.fromhex(link_id or ""), padded=False) + "/"
    text += base64url(bytes.fromhex(link_key), padded=False)
    parameters = [("h", ",".join(listed))] if listed else []
    parameters += [("p", port)] if port else []
    parameters += [("c", base64url(bytes.fromhex(key_hash), padded=False))] if key_hash else []
    return {"canonical": text + ("?" + format_parameters(parameters) if parameters else "")}


def encode_short_link(type, hosts, port, key_hash, link_id, link_key):
    head = b"I" if type == "i" else b"C" + type.upper().encode()
    tail = encode_list([string(h.encode(), 1) for h in hosts]) + string(port.encode(), 1) + string(bytes.fromhex(key_hash), 1)
    if type == "i":
        tail += string(bytes.fromhex(link_id or ""), 1)
    return {"encoded": (head + tail + string(bytes.fromhex(link_key), 1)).hex()}


def decode_short_link(encoded):
    reader = Reader(encoded)
    mode = reader.take(1)
    if mode not in (b"I", b"C"):
        raise Refused("WrongMode", repr(mode))
    kind = "i"
    if mode == b"C":
        letter = reader.take(1).decode("latin-1")
        if letter not in "ACGR":
            raise Refused("UnknownLinkType", repr(letter))
        kind = letter.lower()
    fields = {"type": kind} | read_server(reader, read_hosts(reader))
    fields["link_id"] = reader.string(1).hex() if kind == "i" else None
    fields["link_key"] = reader.string(1).hex()
    reader.end()
    return fields | {"canonical": format_short_link(web=True, **fields)["canonical"]}


OPERATIONS = {
    "parse_queue_uri": parse_queue_uri,
    "format_queue_uri": format_queue_uri,
    "encode_queue_uri": encode_queue_uri,
    "decode_queue_uri": decode_queue_uri,
    "encode_queue_info": encode_queue_info,
    "decode_queue_info": decode_queue_info,
    "parse_short_link": parse_short_link,
    "format_short_link": format_short_link,
    "encode_short_link": encode_short_link,
    "decode_short_link": decode_short_link,
}
