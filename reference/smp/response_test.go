package smp_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

func TestServiceResponsesHaveHashFromVersion19(t *testing.T) {
	q := smp.ServiceQueues{Count: -2, IDsHash: smp.HashIDs([]byte("one"))}
	count := strings.Repeat("\xff", 7) + "\xfe"
	for tag, c := range map[string]smp.Response{"SOKS": smp.SOKS{ServiceQueues: q}, "ENDS": smp.ENDS{ServiceQueues: q}} {
		b, err := smp.EncodeResponse(18, c)
		require.NoError(t, err)
		require.Equal(t, tag+" "+count, string(b))
		_, err = smp.DecodeResponse(19, b)
		require.ErrorIs(t, err, wire.ErrTruncated)

		b, err = smp.EncodeResponse(19, c)
		require.NoError(t, err)
		require.Equal(t, tag+" "+count+"\x10"+string(q.IDsHash[:]), string(b))
		decoded, err := smp.DecodeResponse(20, b)
		require.NoError(t, err)
		require.Equal(t, c, decoded)
		_, err = smp.DecodeResponse(18, b)
		require.ErrorIs(t, err, wire.ErrTrailing)
	}
	b, err := smp.EncodeResponse(19, smp.ALLS{})
	require.NoError(t, err)
	require.Equal(t, "ALLS", string(b))
	decoded, err := smp.DecodeResponse(19, b)
	require.NoError(t, err)
	require.Equal(t, smp.ALLS{}, decoded)
}

func TestNameRecord(t *testing.T) {
	eth := "0x00"
	owner, resolver := "0x"+strings.Repeat("0a", 20), "0x"+strings.Repeat("f9", 20)
	r := smp.RNAME{Record: smp.NameRecord{Name: "alice.simplex", Website: "https://a/?b=<c>&d",
		SimplexContact: []string{"simplex:/contact"}, ETH: &eth, Owner: owner, Resolver: resolver}}
	want := `RNAME {"name":"alice.simplex","nickname":"","website":"https://a/?b=<c>&d","location":"",` +
		`"simplexContact":["simplex:/contact"],"simplexChannel":[],"eth":"0x00","btc":null,"xmr":null,"dot":null,` +
		`"owner":"` + owner + `","resolver":"` + resolver + `"}`
	b, err := smp.EncodeResponse(20, r)
	require.NoError(t, err)
	require.Equal(t, want, string(b))
	decoded, err := smp.DecodeResponse(20, b)
	require.NoError(t, err)
	r.Record.SimplexChannel = []string{}
	require.Equal(t, r, decoded)

	t.Run("unknown and absent fields, order and spaces", func(t *testing.T) {
		decoded, err := smp.DecodeResponse(20, []byte(`RNAME  { "resolver":"`+resolver+`", "owner":"`+owner+`", "later":[1], "simplexContact":["simplex:/contact"],
			"simplexChannel":[], "eth":"0x00", "location":"", "nickname":"", "website":"https://a/?b=<c>&d", "name":"alice.simplex" } `))
		require.NoError(t, err)
		require.Equal(t, r, decoded)
	})
	var fields map[string]any
	require.NoError(t, json.Unmarshal(b[len("RNAME "):], &fields))
	for name, value := range fields {
		for what, bad := range map[string]any{"a number": 1, "null": nil, "a list of null": []any{nil}} {
			if bad == nil && (value == nil || name == "eth") {
				continue // may be null
			}
			fields[name] = bad
			malformed, err := json.Marshal(fields)
			require.NoError(t, err)
			_, err = smp.DecodeResponse(20, append([]byte("RNAME "), malformed...))
			require.ErrorIsf(t, err, smp.ErrJSON, "%s is %s", name, what)
		}
		fields[name] = value
	}
	for _, malformed := range []string{"RNAME", "RNAME ", "RNAME null", "RNAME []", "RNAME {}", want + "x", want[:len(want)-1],
		strings.Replace(want, "alice", "\xff", 1), strings.Replace(want, `"name"`, `"Name"`, 1)} {
		_, err := smp.DecodeResponse(20, []byte(malformed))
		require.ErrorIsf(t, err, smp.ErrCmdSyntax, "%q", malformed)
	}
}

func TestNameRecordLimits(t *testing.T) {
	t.Parallel()
	account := "0x" + strings.Repeat("0a", 20)
	longest := strings.Repeat("é", 127) + "e"
	for what, c := range map[string]struct {
		change func(*smp.NameRecord)
		want   error
	}{
		"longest texts": {func(n *smp.NameRecord) {
			n.Name, n.Nickname, n.Website, n.Location = longest, longest, longest, longest
			n.ETH, n.BTC, n.XMR, n.DOT = &longest, &longest, &longest, &longest
		}, nil},
		"name":                 {func(n *smp.NameRecord) { n.Name = longest + "e" }, smp.ErrNameText},
		"nickname":             {func(n *smp.NameRecord) { n.Nickname = longest + "e" }, smp.ErrNameText},
		"website":              {func(n *smp.NameRecord) { n.Website = longest + "e" }, smp.ErrNameText},
		"location":             {func(n *smp.NameRecord) { n.Location = longest + "e" }, smp.ErrNameText},
		"eth":                  {func(n *smp.NameRecord) { s := longest + "e"; n.ETH = &s }, smp.ErrNameText},
		"dot":                  {func(n *smp.NameRecord) { s := longest + "e"; n.DOT = &s }, smp.ErrNameText},
		"no owner":             {func(n *smp.NameRecord) { n.Owner = "" }, smp.ErrNameAccount},
		"owner without 0x":     {func(n *smp.NameRecord) { n.Owner = account[2:] + "00" }, smp.ErrNameAccount},
		"short resolver":       {func(n *smp.NameRecord) { n.Resolver = account[:41] }, smp.ErrNameAccount},
		"long resolver":        {func(n *smp.NameRecord) { n.Resolver = account + "0" }, smp.ErrNameAccount},
		"capitals in resolver": {func(n *smp.NameRecord) { n.Resolver = "0x" + strings.ToUpper(account[2:]) }, smp.ErrNameAccount},
	} {
		record := smp.NameRecord{Name: "alice.simplex", Owner: account, Resolver: account,
			SimplexContact: []string{}, SimplexChannel: []string{}}
		c.change(&record)
		b, err := smp.EncodeResponse(20, smp.RNAME{Record: record})
		require.ErrorIs(t, err, c.want, what)
		if c.want == nil {
			decoded, err := smp.DecodeResponse(20, b)
			require.NoError(t, err, what)
			require.Equal(t, smp.RNAME{Record: record}, decoded)
			continue
		}
		text, err := json.Marshal(record)
		require.NoError(t, err)
		_, err = smp.DecodeResponse(20, append([]byte("RNAME "), text...))
		require.ErrorIs(t, err, c.want, what)
		require.ErrorIs(t, err, smp.ErrCmdSyntax, what)
	}
}

func TestQueueInfo(t *testing.T) {
	delivered := "AQID"
	for encoded, want := range map[string]smp.QueueInfo{
		`{"qiSnd":true,"qiNtf":false,"qiSize":0}`:                                                         {Secured: true},
		`{"qiSnd":false,"qiNtf":true,"qiSize":12e0,"qiSub":null}`:                                         {Notifier: true, Size: 12},
		`{"qiSnd":false,"qiNtf":false,"qiSize":1.50e1}`:                                                   {Size: 15},
		`{"qiSnd":false,"qiNtf":false,"qiSize":-1,"qiSub":{"qSubThread":"noSub"}}`:                        {Size: -1, Subscription: &smp.SubscriptionInfo{Thread: smp.NoSubscription}},
		`{"qiSnd":false,"qiNtf":false,"qiSize":0,"qiSub":{"qSubThread":"subThread","qDelivered":"AQID"}}`: {Subscription: &smp.SubscriptionInfo{Thread: smp.SubscriptionRunning, Delivered: &delivered}},
		`{"qiSnd":false,"qiNtf":false,"qiSize":0,"qiMsg":{"msgId":"AQID","msgTs":"2023-02-25T02:01:01.5+01:00","msgType":"quota"}}`: {
			Message: &smp.MessageInfo{ID: "AQID", Time: time.Date(2023, 2, 25, 1, 1, 1, 5e8, time.UTC), Type: smp.MessageQuota}},
	} {
		decoded, err := smp.DecodeResponse(6, []byte("INFO "+encoded))
		require.NoError(t, err, encoded)
		require.Equal(t, smp.INFO{Queue: want}, decoded)
	}
	for _, malformed := range []string{`{}`, `{"qiSnd":1,"qiNtf":true,"qiSize":0}`, `{"qiSnd":true,"qiNtf":true}`,
		`{"qiSnd":true,"qiNtf":true,"qiSize":0.5}`, `{"qiSnd":true,"qiNtf":true,"qiSize":"1"}`,
		`{"qiSnd":true,"qiNtf":true,"qiSize":1e99999999}`, `{"qiSnd":true,"qiNtf":true,"qiSize":9223372036854775808}`,
		`{"qiSnd":true,"qiNtf":true,"qiSize":0,"qiSub":{}}`, `{"qiSnd":true,"qiNtf":true,"qiSize":0,"qiSub":{"qSubThread":"x"}}`,
		`{"qiSnd":true,"qiNtf":true,"qiSize":0,"qiSub":{"qSubThread":"noSub","qDelivered":1}}`,
		`{"qiSnd":true,"qiNtf":true,"qiSize":0,"qiMsg":{"msgId":"","msgTs":"now","msgType":"quota"}}`,
		`{"qiSnd":true,"qiNtf":true,"qiSize":0,"qiMsg":{"msgId":"","msgTs":"2023-02-25T01:01:01Z","msgType":"x"}}`,
	} {
		_, err := smp.DecodeResponse(6, []byte("INFO "+malformed))
		require.ErrorIsf(t, err, smp.ErrJSON, "%s", malformed)
	}
}

func TestResponsesThatDoNotEncode(t *testing.T) {
	k := testPublic(t, keys.X25519)
	for _, test := range []struct {
		name     string
		response smp.Response
		want     error
	}{
		{"no error", smp.ERR{}, smp.ErrUnknownCode},
		{"no key", smp.IDS{}, smp.ErrKeyAlgorithm},
		{"bad mode", smp.IDS{ServerDHKey: k, Mode: 'X'}, smp.ErrMode},
		{"no chain", smp.PKEY{}, smp.ErrEmptyList},
		{"chain that is no DER", smp.PKEY{Chain: [][]byte{{1}}}, smp.ErrSigned},
		{"long id", smp.MSG{ID: make([]byte, 256)}, wire.ErrTooLong},
	} {
		_, err := smp.EncodeResponse(20, test.response)
		require.ErrorIs(t, err, test.want, test.name)
	}
	_, err := smp.EncodeResponse(20, nil)
	require.Error(t, err)
}

func TestProxyKeyNeedsSignedObjects(t *testing.T) {
	signed := "\x30\x08\x30\x00\x30\x00\x03\x02\x00\x01"
	start := "PKEY \x01s\x00\x06\x00\x12"
	object := func(s string) string { return "\x00" + string(rune(len(s))) + s }
	_, err := smp.DecodeResponse(18, []byte(start+"\x01"+object(signed)+object(signed)))
	require.NoError(t, err)
	for name, malformed := range map[string]string{
		"range upside down": "PKEY \x01s\x00\x12\x00\x06\x01" + object(signed) + object(signed),
		"no chain":          start + "\x00" + object(signed),
		"no key":            start + "\x01" + object(signed),
		"trailing in DER":   start + "\x01" + object(signed+"x") + object(signed),
		"trailing":          start + "\x01" + object(signed) + object(signed) + "x",
		"not signed":        start + "\x01" + object("\x30\x00") + object(signed),
	} {
		_, err := smp.DecodeResponse(18, []byte(malformed))
		require.ErrorIs(t, err, smp.ErrCmdSyntax, name)
	}
}
