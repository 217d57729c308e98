package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"smpcheck/vectors/gen/build"
)

// jsonField is a field of a JSON object with its value as JSON, and the values that it
// must not have.
type jsonField struct {
	name, value string
	optional    bool
	wrong       []string
}

// jsonObject joins the fields in their order.
func jsonObject(fields []jsonField) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = fmt.Sprintf("%q:%s", f.name, f.value)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// replaced returns the fields with another value or name of one; an empty name leaves it out.
func replaced(fields []jsonField, at int, name, value string) []jsonField {
	changed := append([]jsonField{}, fields...)
	if name == "" {
		return append(changed[:at], changed[at+1:]...)
	}
	changed[at].name, changed[at].value = name, value
	return changed
}

// jsonFaults adds objects with a fault in each field, and bytes that are no such object.
func (g smpGroup) jsonFaults(tag string, version uint16, fields []jsonField) {
	refused := func(id, what, text string) {
		g.refused(id, what, version, []byte(tag+" "+text), "MalformedJSON", "JSONForm")
	}
	whole := jsonObject(fields)
	for i, f := range fields {
		if !f.optional {
			refused(f.name+"/missing", "no "+f.name, jsonObject(replaced(fields, i, "", "")))
			refused(f.name+"/null", f.name+" is null", jsonObject(replaced(fields, i, f.name, "null")))
			refused(f.name+"/capital", f.name+" with a capital letter", jsonObject(replaced(fields, i, strings.ToUpper(f.name[:1])+f.name[1:], f.value)))
		}
		for j, wrong := range f.wrong {
			refused(fmt.Sprintf("%s/wrong-%d", f.name, j+1), f.name+": "+wrong, jsonObject(replaced(fields, i, f.name, wrong)))
		}
	}
	for id, text := range inOrder(map[string]string{"nothing": "", "null": "null", "list": "[" + whole + "]", "open": whole[:len(whole)-1],
		"two": whole + whole, "more": whole + "x", "empty": "{}", "comma": whole[:len(whole)-1] + ",}", "text": `"{}"`,
		"not-utf-8": "{\"\xff\":1," + whole[1:]}) {
		refused("json/"+id, "no such JSON object", text)
	}
	g.refused("tag/lower-case", "tag in lower-case letters", version, []byte(strings.ToLower(tag)+" "+whole), "UnknownTag", "UnknownTag")
	g.refused("tag/no-space", "no space behind the tag", version, []byte(tag+whole), "UnknownTag", "UnknownTag")
	g.refused("tag/alone", "the tag alone", version, []byte(tag), "MissingParameters", "NoParameters")
}

// jsonGroup is a group whose encodings may differ: it is decoded only.
func (f *smpFile) jsonGroup(name, what string) smpGroup {
	return smpGroup{f.Group(name, what, "decode_response_throughout", "decode_response"), f}
}

func infoResponses(f *smpFile) {
	g := f.jsonGroup("INFO", "the state of a queue as the official relay tells it; the protocol leaves the format to relays")
	const subscription = `{"qSubThread":"subThread","qDelivered":"AQID"}`
	const message = `{"msgId":"AQID","msgTs":"2026-02-25T01:01:01.5Z","msgType":"message"}`
	fields := []jsonField{
		{"qiSnd", "true", false, []string{"1", `"true"`}},
		{"qiNtf", "false", false, []string{"0", "[]"}},
		{"qiSub", subscription, true, []string{"{}", "true", `{"qSubThread":"running"}`, `{"qSubThread":1}`, `{"qSubThread":"noSub","qDelivered":1}`}},
		{"qiSize", "3", false, []string{`"3"`, "0.5", "9223372036854775808", "true"}},
		{"qiMsg", message, true, []string{"{}", `"AQID"`, `{"msgTs":"2026-02-25T01:01:01Z","msgType":"quota"}`, `{"msgId":"","msgTs":"now","msgType":"quota"}`,
			`{"msgId":"","msgTs":1,"msgType":"quota"}`, `{"msgId":"","msgTs":"2026-02-25T01:01:01Z","msgType":"other"}`, `{"msgId":"","msgTs":"2026-02-25T01:01:01Z"}`}},
	}
	info := func(id, what, text string, flags ...string) {
		g.Valid(id, what, build.Fields{"encoded": []byte("INFO " + text), "range": []int{6, 20}}, flags...)
	}
	info("full", "all parts", jsonObject(fields))
	for i, thread := range []string{"noSub", "subPending", "subThread", "prohibitSub"} {
		info("thread/"+thread, "a subscription "+thread, jsonObject(replaced(replaced(fields, 4, "", ""), 2, "qiSub", fmt.Sprintf(`{"qSubThread":%q}`, thread))))
		info(fmt.Sprintf("size/%d", i), "a size", fmt.Sprintf(`{"qiSnd":%t,"qiNtf":%t,"qiSize":%d}`, i < 2, i%2 == 0, []int64{0, 1, 4294967296, 9223372036854775807}[i]))
	}
	info("quota", "the marker of a full queue", jsonObject(replaced(fields, 4, "qiMsg", `{"msgId":"","msgTs":"2026-02-25T01:01:01Z","msgType":"quota"}`)))
	info("order", "fields in another order", `{"qiSize":7,"qiNtf":true,"qiSnd":false}`)
	info("unknown", "a field that is not known", `{"qiSize":7,"qiLater":[1,"x"],"qiNtf":true,"qiSnd":false}`, "UnknownFields")
	g.jsonFaults("INFO", 20, fields)
}

// account is the address of an account or contract.
const account = "0x00112233445566778899aabbccddeeff01234567"

// recordFields are the fields of a name record.
func recordFields() []jsonField {
	quoted := func(text string) string {
		b, err := json.Marshal(text)
		if err != nil {
			return "" // a text can be written
		}
		return string(b)
	}
	notText := []string{"1", "[]", "{}"}
	notList := []string{`"simplex:/contact"`, "{}", "[1]", "[null]", `[["a"]]`}
	return []jsonField{
		{"name", quoted("alice.simplex"), false, notText}, {"nickname", quoted("Alice"), false, notText},
		{"website", quoted("https://alice.example/?a=<b>&c"), false, notText}, {"location", quoted("Zürich"), false, notText},
		{"simplexContact", `["https://smp.example.com/a#abc","simplex:/a#def"]`, false, notList},
		{"simplexChannel", `["https://smp.example.com/c#abc"]`, false, notList},
		{"eth", quoted(account), true, notText}, {"btc", quoted("bc1qabc"), true, notText},
		{"xmr", "null", true, notText}, {"dot", quoted("1dot"), true, notText},
		{"owner", quoted(account), false, notText}, {"resolver", quoted("0x" + strings.Repeat("f9", 20)), false, notText},
	}
}

func nameResponses(f *smpFile) {
	g := f.jsonGroup("RNAME", "the record of a name")
	fields := recordFields()
	record := func(id, what, text string, flags ...string) {
		g.Valid(id, what, build.Fields{"encoded": []byte("RNAME " + text), "range": []int{20, 20}}, flags...)
	}
	record("full", "all parts", jsonObject(fields))
	unset := append([]jsonField{}, fields...)
	for i, f := range fields {
		switch {
		case f.optional:
			unset[i].value = "null"
			record("absent/"+f.name, "no "+f.name, jsonObject(replaced(fields, i, "", "")))
		case strings.HasPrefix(f.value, "["):
			unset[i].value = "[]"
		case f.name != "owner" && f.name != "resolver" && f.name != "name":
			unset[i].value = `""`
		}
	}
	record("unset", "nothing but name, owner and resolver", jsonObject(unset))
	reversed := make([]jsonField, len(fields))
	for i, f := range fields {
		reversed[len(fields)-1-i] = f
	}
	record("order", "fields in another order", jsonObject(reversed))
	record("spaces", "spaces between the parts", strings.NewReplacer(`":`, `" : `, `",`, `" , `).Replace(jsonObject(fields)))
	record("unknown", "fields that are not known", `{"later":[1],"owners":"x",`+jsonObject(fields)[1:], "UnknownFields")
	record("escapes", "escaped characters", jsonObject(replaced(fields, 1, "nickname", `"\"Al\u0069ce\"\n"`)))
	longest := strings.Repeat("é", 127) + "e"
	for i, f := range fields {
		if f.name == "owner" || f.name == "resolver" || strings.HasPrefix(f.value, "[") {
			continue
		}
		record("longest/"+f.name, f.name+" of 255 bytes", jsonObject(replaced(fields, i, f.name, `"`+longest+`"`)))
		g.refused("long/"+f.name, f.name+" of 256 bytes", 20, []byte("RNAME "+jsonObject(replaced(fields, i, f.name, `"e`+longest+`"`))), "TooLong", "TextTooLong")
	}
	for i, f := range fields {
		if f.name != "owner" && f.name != "resolver" {
			continue
		}
		for id, wrong := range inOrder(wrongAccounts) {
			g.refused(f.name+"/account-"+id, f.name+": "+wrong, 20, []byte("RNAME "+jsonObject(replaced(fields, i, f.name, `"`+wrong+`"`))), "MalformedAccount", "MalformedAccount")
		}
	}
	g.jsonFaults("RNAME", 20, fields)
	unencodableNames(f, fields)
}

// wrongAccounts are what owner and resolver must not be.
var wrongAccounts = map[string]string{
	"empty": "", "short": account[:41], "long": account + "0", "bare": account[2:], "capitals": "0x" + strings.ToUpper(account[2:]),
	"prefix": "0X" + account[2:], "letter": account[:41] + "g", "space": " " + account[:41], "name": "alice.simplex",
}

// unencodableNames are records that must not be sent.
func unencodableNames(f *smpFile, fields []jsonField) {
	g := smpGroup{f.Group("RNAME-sent", "records that must not be sent", "encode_response"), f}
	var record build.Fields
	if err := json.Unmarshal([]byte(jsonObject(fields)), &record); err != nil {
		record = nil // the first test shows it
	}
	refuse := func(id, what string, others build.Fields, class, flag string) {
		g.unencodable(id, what, 20, build.Fields{"response": "RNAME", "record": with(record, others)}, class, flag)
	}
	for _, name := range []string{"name", "nickname", "website", "location", "eth", "btc", "xmr", "dot"} {
		refuse("long/"+name, name+" of 256 bytes", build.Fields{name: strings.Repeat("é", 128)}, "TooLong", "TextTooLong")
	}
	for _, name := range []string{"owner", "resolver"} {
		refuse("account/"+name, name+" in capitals", build.Fields{name: "0x" + strings.ToUpper(account[2:])}, "MalformedAccount", "MalformedAccount")
		refuse("no-account/"+name, "no "+name, build.Fields{name: ""}, "MalformedAccount", "MalformedAccount")
	}
}
