package link_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

const (
	testHash   = "a-62Ros_d85k4iBUCsxxFSbQ8GFkB4bGxxWE-k43WBU"
	testID     = "A9G1nRa4FSyj-9SE9OON2FN2VKvjxGPo"
	testKey    = "JGFZ49TZ_Br3JThuGrizdh-khin5VWrJuIoFMPd6gcg"
	testDH     = "MCowBQYDK2VuAyEA_tpcDOP9E1jsKe7pmJKRqAJ3mMAf6wLXkajKd8iagQA="
	testServer = "smp://" + testHash + "=@smp.example.com:5223"
	testQueue  = testServer + "/" + testID + "#/?v=2-4&dh=" + testDH
	testShort  = "https://smp.example.com/a#" + testKey + "?p=5223&c=" + testHash
	testX448   = "MEIwBQYDK2VvAzkAmKuSYeQ_m0SixPDS8Wq8VBaTS1cW-Lp0n0h4Diu-kUpR-qXx4SDJ32YGEFoGFGSbGPry5Ychr6U="
)

func TestCheckFindsWhatOnlyTheOfficialImplementationAccepts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{testServer, testQueue, testShort, "https://[::1]/a#" + testKey} {
		assert.NoError(t, link.Check(text), text)
	}
	for _, text := range []string{
		swap(testServer, "5223", "99999"),
		swap(testServer, "5223", "0"),
		swap(testServer, "5223", "05223"),
		swap(testServer, "smp.example.com", "192.168.0.300"),
		swap(testServer, testHash+"=", "1234-w=="),
		swap(testQueue, "v=2-4", "v=65538-4"),
		swap(testQueue, "v=2-4", "v=2-04"),
		swap(testQueue, "#/", "/#/"),
		swap(testQueue, "#/?", "#?"),
		testQueue + "&v=3",
		testQueue + "&x=%",
		swap(testQueue, "#/?v=2-4&dh=", "#"),
		swap(testQueue, "#/?v=2-4&dh="+testDH, "#"+testDH+"/?v=2-4"),
		swap(testShort, "p=5223", "p=99999"),
		swap(testShort, "p=5223", "p=0"),
		swap(testShort, "/a#", "/A#"),
		swap(testShort, "/a#", "/a/#"),
		swap(testShort, testKey, "AAAA"),
		swap(testShort, testHash, "AAAA"),
	} {
		assert.ErrorIs(t, link.Check(text), link.ErrLax, text)
	}
}

func TestNumbersWrapAsInTheOfficialImplementation(t *testing.T) {
	t.Parallel()
	q, err := link.ParseQueueURI(swap(testQueue, "v=2-4", "v=65536-65540"))
	require.NoError(t, err)
	assert.Equal(t, wire.Versions(0, 4), q.ClientVersions)
	l, err := link.ParseShortLink(swap(testShort, "p=5223", "p=0065537"))
	require.NoError(t, err)
	assert.Equal(t, "1", l.Server.Port)
}

// refused is a text with an error that its parser has to return.
type refused struct {
	text   string
	expect error
}

// swap replaces a part of text that has to be there.
func swap(text, old, new string) string {
	if !strings.Contains(text, old) {
		panic(text + " does not contain " + old)
	}
	return strings.Replace(text, old, new, 1)
}

func TestRefusedQueueURIs(t *testing.T) {
	t.Parallel()
	for _, test := range []refused{
		{testQueue + " ", link.ErrQuery},
		{swap(testQueue, "v=2-4", "v=4-2"), wire.ErrRange},
		{swap(testQueue, "v=2-4", "v=2-"), link.ErrVersions},
		{swap(testQueue, "v=2-4", "w=2-4"), link.ErrNoParameter},
		{swap(testQueue, "dh=", "dg="), link.ErrNoParameter},
		{swap(testQueue, "dh=MC", "dh=MD"), link.ErrKey},
		{swap(testQueue, testDH, testX448), link.ErrKey},
		{swap(testQueue, testID, testID+"A"), link.ErrBase64},
		{swap(testQueue, testHash, strings.TrimSuffix(testHash, "U")+"V"), link.ErrBase64},
		{testQueue + "&srv=,", link.ErrHost},
		{testQueue + "&srv=a,", link.ErrHost},
		{swap(testQueue, "#/?", "#/"), link.ErrQueue},
		{swap(testQueue, "smp://", "ntf://"), link.ErrServer},
	} {
		_, err := link.ParseQueueURI(test.text)
		require.ErrorIs(t, err, link.ErrQueue, test.text)
		assert.ErrorIs(t, err, test.expect, test.text)
	}
}

func TestRefusedLinks(t *testing.T) {
	t.Parallel()
	escaper := strings.NewReplacer(":", "%3A", "/", "%2F", "#", "%23", "?", "%3F", "&", "%26", "=", "%3D", "@", "%40")
	contact := "simplex:/contact#/?v=2-7&smp=" + escaper.Replace(testQueue)
	require.NoError(t, link.Check(contact))
	for _, test := range []refused{
		{swap(contact, "smp=", "smq="), link.ErrNoParameter},
		{swap(contact, "/contact", "/invitation"), link.ErrNoParameter},
		{swap(contact, "#/?", "?"), link.ErrLink},
		{contact + "%3B", link.ErrServer},
		{contact + "\n", link.ErrQuery},
		{swap(contact, "simplex:", "https://"), link.ErrAppServer},
		{swap(contact, "simplex:", "https://a:b"), link.ErrPort},
		{swap(testShort, "/a#", "/b#"), link.ErrShortLink},
		{swap(testShort, "/a#", "/I#"), link.ErrShortLink},
		{swap(testShort, "/a#", "/ab#"), link.ErrLink},
		{swap(testShort, testKey, ""), link.ErrBase64},
		{swap(testShort, "p=5223", "p="), link.ErrPort},
		{swap(testShort, "p=5223", "h=:"), link.ErrHost},
		{swap(testShort, "p=5223", "h=a,"), link.ErrHost},
		{"simplex:/a#" + testKey + "?p=1", link.ErrNoParameter},
	} {
		_, err := link.ParseLink(test.text)
		assert.ErrorIs(t, err, test.expect, test.text)
	}
}

func TestRefusedOffers(t *testing.T) {
	t.Parallel()
	const offer = "v=2-3&x3dh=" + testX448 + "," + testX448
	kem := "&kem_key=" + strings.Repeat("AAAA", ratchet.KEMPublicKeySize/3)
	accepted, err := link.ParseOffer(offer + kem)
	require.NoError(t, err)
	require.NotNil(t, accepted.KEM)
	for _, test := range []refused{
		{swap(offer, "v=2-3", ""), link.ErrNoParameter},
		{swap(offer, "x3dh", "x"), link.ErrNoParameter},
		{offer + "," + testX448, link.ErrKey},
		{swap(offer, testX448, testDH), link.ErrKey},
		{offer + kem + "&kem_ct=" + strings.Repeat("AAAA", ratchet.KEMCiphertextSize/3), ratchet.ErrKEMState},
		{offer + kem + "AA", ratchet.ErrParameters},
		{offer + "&kem_key=", link.ErrBase64},
	} {
		_, err := link.ParseOffer(test.text)
		require.ErrorIs(t, err, link.ErrOffer, test.text)
		assert.ErrorIs(t, err, test.expect, test.text)
	}
	old, err := link.ParseOffer(swap(offer, "v=2-3", "v=2") + "&kem_key=!")
	require.NoError(t, err)
	assert.Nil(t, old.KEM)
}

// TestErrorsQuoteNoKeys cuts and changes links at every place.
func TestErrorsQuoteNoKeys(t *testing.T) {
	t.Parallel()
	for i := range testShort {
		for _, changed := range []string{testShort[:i] + " " + testShort[i+1:], testShort[:i] + "," + testShort[i:], testShort[:i]} {
			if _, err := link.ParseLink(changed); err != nil {
				assert.NotContains(t, err.Error(), testKey[:20], changed)
				assert.NotContains(t, err.Error(), testKey[23:], changed)
			}
		}
	}
	l, err := link.ParseShortLink(testShort)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		assert.NotContains(t, fmt.Sprintf(verb, l.Key), "JGFZ", verb)
		assert.NotContains(t, fmt.Sprintf(verb, l.Key), "246159", verb)
		assert.NotContains(t, fmt.Sprintf(verb, link.Secret{0x24, 0x61, 0x59}), "246159", verb)
	}
}

func TestWhatHasNoBinaryForm(t *testing.T) {
	t.Parallel()
	queue, err := link.ParseQueueURI(testQueue)
	require.NoError(t, err)
	late := queue
	late.ClientVersions = wire.Versions('M'<<8, 'M'<<8)
	modeless := queue
	badMode := late
	badMode.Mode = 'x'
	other := queue
	other.DHKey, err = keys.NewPublic(keys.Ed25519, make([]byte, 32))
	require.NoError(t, err)
	connection := func(queues ...link.QueueURI) link.Connection {
		return link.Connection{Mode: link.Contact, AgentVersions: wire.Versions(2, 7), Queues: queues}
	}
	root, err := keys.NewPrivate(keys.Ed25519, make([]byte, 32))
	require.NoError(t, err)
	short, err := link.ParseShortLink(testShort)
	require.NoError(t, err)
	invitation := short
	invitation.Type = link.InvitationLink
	for name, test := range map[string]struct {
		value  writer
		expect error
	}{
		"no queues":                       {connection(), link.ErrNoQueues},
		"queue that looks like a mode":    {connection(modeless, late), link.ErrAmbiguous},
		"unknown queue mode":              {connection(badMode), smp.ErrMode},
		"key of another algorithm":        {connection(other), link.ErrKey},
		"unknown mode":                    {link.Connection{Mode: 'x', Queues: []link.QueueURI{queue}}, link.ErrMode},
		"invitation without parameters":   {link.Connection{Mode: link.Invitation, Queues: []link.QueueURI{queue}}, link.ErrMode},
		"unknown link type":               {link.ShortLink{Type: 'x', Server: short.Server}, link.ErrLinkType},
		"owners of an invitation":         {link.UserData{Mode: link.Invitation, Direct: true}, link.ErrInvitationData},
		"user data of no mode":            {link.UserData{}, link.ErrMode},
		"invitation as relay":             {link.UserData{Mode: link.Contact, Relays: []link.ShortLink{invitation}}, link.ErrMode},
		"owner with a cut signature":      {link.Owner{Signature: make([]byte, 63)}, link.ErrSignatureSize},
		"owner with another key":          {link.Owner{Key: queue.DHKey, Signature: make([]byte, 64)}, link.ErrKey},
		"fixed data with another key":     {link.FixedData{RootKey: queue.DHKey, Connection: connection(queue)}, link.ErrKey},
		"fixed data with too long an id":  {link.FixedData{RootKey: root.Public(), Connection: connection(queue), EntityID: make([]byte, 256)}, wire.ErrTooLong},
		"application data of 65536 bytes": {link.UserData{Mode: link.Contact, Data: make([]byte, 65536)}, wire.ErrTooLong},
	} {
		_, err := link.Encode(test.value)
		assert.ErrorIs(t, err, test.expect, name)
	}
}

func TestModesOfLinkDataHaveToAgree(t *testing.T) {
	t.Parallel()
	root, err := keys.NewPrivate(keys.Ed25519, make([]byte, 32))
	require.NoError(t, err)
	queue, err := link.ParseQueueURI(testQueue)
	require.NoError(t, err)
	fixed := link.FixedData{RootKey: root.Public(), Connection: link.Connection{Mode: link.Contact, Queues: []link.QueueURI{queue}}}
	signedFixed, key, err := link.SignFixed(fixed, root)
	require.NoError(t, err)
	signedUser, err := link.SignUser(link.UserData{Mode: link.Invitation}, root)
	require.NoError(t, err)
	_, secret, err := key.ContactSecret()
	require.NoError(t, err)
	open := func(signedFixed, signedUser []byte) error {
		data, err := sealBoth(signedFixed, signedUser, secret, make([]byte, box.NonceSize))
		require.NoError(t, err)
		_, _, err = link.OpenLinkData(data, key, secret)
		return err
	}
	assert.ErrorIs(t, open(signedFixed, signedUser), link.ErrMode)
	signedUser, err = link.SignUser(link.UserData{Mode: link.Contact}, root)
	require.NoError(t, err)
	assert.NoError(t, open(signedFixed, signedUser))
	signedFixed[1] ^= 1
	assert.ErrorIs(t, open(signedFixed, signedUser), link.ErrFixedSignature)
	assert.ErrorIs(t, open(signedFixed[1:], signedUser), link.ErrSignatureSize)

	other, err := keys.NewPrivate(keys.Ed25519, append(make([]byte, 31), 1))
	require.NoError(t, err)
	_, _, err = link.SignFixed(fixed, other)
	assert.ErrorIs(t, err, link.ErrKey)
	agreement, err := keys.NewPrivate(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	_, err = link.SignUser(link.UserData{Mode: link.Contact}, agreement)
	assert.ErrorIs(t, err, link.ErrKey)
	_, err = link.AuthorizeOwner(nil, root.Public(), agreement)
	assert.ErrorIs(t, err, link.ErrKey)
}
