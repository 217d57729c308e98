package smp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

func authorized(t testing.TB, key, session keys.PrivateKey) *smp.Transmission {
	t.Helper()
	tr, err := smp.CommandTransmission(20, sessionID, correlationID, entityID, smp.SUB{})
	require.NoError(t, err)
	a, err := smp.NewAuthorizer(key, session.Public())
	require.NoError(t, err)
	require.NoError(t, tr.Authorize(sessionID, a))
	return tr
}

func TestSchemesOfAuthorizations(t *testing.T) {
	want := map[int]smp.Scheme{0: smp.NoAuthorization, 64: smp.Ed25519Signature, 80: smp.Authenticator, 114: smp.Ed448Signature}
	for n := range 256 {
		scheme, err := smp.SchemeOf(make([]byte, n))
		expected, ok := want[n]
		if !ok {
			require.ErrorIs(t, err, smp.ErrBlock, "%d bytes", n)
			require.ErrorIs(t, err, smp.ErrAuthorizationSize)
			require.False(t, smp.VerifyAuthorization(make([]byte, n), nil, nil, keys.PublicKey{}, keys.PrivateKey{}))
			continue
		}
		require.NoError(t, err)
		require.Equal(t, expected, scheme)
	}
}

func TestVerifyTakesNoKeyForAnother(t *testing.T) {
	session := testKey(t, keys.X25519, 9)
	v := smp.Verifier{SessionID: sessionID, SessionKey: session}
	algorithms := []keys.Algorithm{keys.X25519, keys.Ed25519, keys.Ed448}
	for _, alg := range algorithms {
		key := testKey(t, alg, 1)
		tr := authorized(t, key, session)
		for _, other := range append(algorithms, keys.X448) {
			for seed := byte(1); seed <= 2; seed++ {
				got := v.Verify(tr, testKey(t, other, seed).Public())
				require.Equal(t, alg == other && seed == 1, got, "%v by %v key %d", alg, other, seed)
			}
		}
		require.False(t, v.Verify(tr))
		require.False(t, v.Verify(tr, keys.PublicKey{}))
		v.Dummy(tr)
		tr.EntityID = nil
		require.False(t, v.Verify(tr, key.Public()), "changed entity id")
	}
	require.False(t, v.Verify(&smp.Transmission{}, testPublic(t, keys.Ed25519)), "no authorization")
}

// TestLowOrderKeys: a queue key whose agreement is the zero secret must not let
// anyone in who knows that.
func TestLowOrderKeys(t *testing.T) {
	session := testKey(t, keys.X25519, 9)
	zero, err := keys.NewPublic(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	_, err = smp.NewAuthorizer(testKey(t, keys.X25519, 1), zero)
	require.ErrorIs(t, err, keys.ErrLowOrder)
	tr, err := smp.CommandTransmission(20, sessionID, correlationID, entityID, smp.SUB{})
	require.NoError(t, err)
	require.NoError(t, tr.Authorize(sessionID, smp.BoxAuthorizer(box.Key{})))
	v := smp.Verifier{SessionID: sessionID, SessionKey: session}
	require.False(t, v.Verify(tr, zero))
}

func TestKeysThatCannotAuthorize(t *testing.T) {
	_, err := smp.NewAuthorizer(testKey(t, keys.X448, 1), keys.PublicKey{})
	require.ErrorIs(t, err, smp.ErrKeyAlgorithm)
	_, err = smp.NewAuthorizer(testKey(t, keys.X25519, 1), keys.PublicKey{})
	require.ErrorIs(t, err, smp.ErrNoServerKey)
	require.ErrorIs(t, err, smp.TransportNoAuth)
	tr := smp.Transmission{}
	err = tr.AuthorizeByService(sessionID, smp.ServiceCredentials{Key: testKey(t, keys.Ed448, 1)})
	require.ErrorIs(t, err, smp.ErrServiceKey)
	err = tr.AuthorizeInService(sessionID, smp.BoxAuthorizer(box.Key{}), smp.ServiceCredentials{})
	require.ErrorIs(t, err, smp.ErrServiceKey)
}

func TestServiceSignatures(t *testing.T) {
	session, queue := testKey(t, keys.X25519, 9), testKey(t, keys.X25519, 1)
	service := smp.ServiceCredentials{CertFingerprint: [32]byte{5}, Key: testKey(t, keys.Ed25519, 2)}
	peer := &smp.ServicePeer{ID: entityID, CertFingerprint: service.CertFingerprint, Key: service.Key.Public()}
	inService := smp.Verifier{SessionID: sessionID, SessionKey: session, Service: peer}
	outside := smp.Verifier{SessionID: sessionID, SessionKey: session}

	plain := authorized(t, queue, session)
	require.Nil(t, outside.VerifyService(plain, smp.SUB{}))
	require.Nil(t, outside.VerifyService(plain, smp.KEY{}))
	require.Nil(t, inService.VerifyService(plain, smp.KEY{}))
	require.Equal(t, smp.ErrService, inService.VerifyService(plain, smp.SUB{}), "unsigned in service session")

	signed := authorized(t, queue, session)
	a, err := smp.NewAuthorizer(queue, session.Public())
	require.NoError(t, err)
	require.NoError(t, signed.AuthorizeInService(sessionID, a, service))
	require.Nil(t, inService.VerifyService(signed, smp.SUB{}))
	require.True(t, inService.Verify(signed, queue.Public()))
	require.False(t, outside.Verify(signed, queue.Public()), "fingerprint is authorized")
	require.Equal(t, smp.ErrService, outside.VerifyService(signed, smp.SUB{}))
	require.Equal(t, smp.ErrService, inService.VerifyService(signed, smp.KEY{}), "no service signature allowed")
	signed.ServiceSignature[0] ^= 1
	require.Equal(t, smp.ErrService, inService.VerifyService(signed, smp.SUB{}))

	bulk, err := smp.CommandTransmission(20, sessionID, correlationID, entityID, smp.NSUBS{})
	require.NoError(t, err)
	require.NoError(t, bulk.AuthorizeByService(sessionID, service))
	require.Nil(t, inService.VerifyService(bulk, smp.NSUBS{}))
	require.Equal(t, smp.ErrService, outside.VerifyService(bulk, smp.NSUBS{}))
	bulk.ServiceSignature = make([]byte, 64)
	require.Equal(t, smp.ErrService, inService.VerifyService(bulk, smp.NSUBS{}))
	bulk.ServiceSignature, bulk.EntityID = nil, []byte("other")
	require.Equal(t, smp.ErrService, inService.VerifyService(bulk, smp.NSUBS{}))
}

func TestCredentialsOfEveryCommand(t *testing.T) {
	for tag, c := range bareCommands {
		accepted := 0
		for _, hasAuth := range []bool{false, true} {
			for _, hasEntity := range []bool{false, true} {
				if smp.CheckCredentials(c, hasAuth, hasEntity) == nil {
					accepted++
				}
			}
		}
		if tag == "SEND" {
			require.Equal(t, 2, accepted, "SEND may be authorized or not")
		} else {
			require.Equal(t, 1, accepted, tag)
		}
	}
	require.Nil(t, smp.CheckCredentials(smp.RSLV{}, false, false))
	require.Nil(t, smp.CheckEntity(smp.RNAME{}, false))
	require.Equal(t, smp.ErrCmdHasAuth, smp.CheckEntity(smp.RNAME{}, true))
	require.Equal(t, smp.ErrCmdHasAuth, smp.CheckEntity(smp.ALLS{}, true))
}
