package codec

import (
	"crypto/sha256"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// schemes are the names of the ways to authorize.
var schemes = [...]string{
	smp.NoAuthorization:  "none",
	smp.Ed25519Signature: "ed25519",
	smp.Authenticator:    "authenticator",
	smp.Ed448Signature:   "ed448",
}

type schemeName struct {
	Scheme string `json:"scheme"`
}

type bareAuthorization struct {
	Authorization vectors.Hex `json:"authorization"`
}

func authorizationScheme(in bareAuthorization) (schemeName, error) {
	scheme, err := smp.SchemeOf(in.Authorization)
	if err != nil {
		return schemeName{}, err
	}
	return schemeName{schemes[scheme]}, nil
}

type authorizeInputs struct {
	sessionParts
	QueuePrivateKey    vectors.Hex  `json:"queue_private_key"`
	RelayPublicKey     *vectors.Hex `json:"relay_public_key"`
	ServiceFingerprint *vectors.Hex `json:"service_fingerprint"`
	ServicePrivateKey  *vectors.Hex `json:"service_private_key"`
}

// service returns the credentials of the service, nil if there is none.
func (in authorizeInputs) service() (*smp.ServiceCredentials, error) {
	if in.ServiceFingerprint == nil && in.ServicePrivateKey == nil {
		return nil, nil
	}
	if in.ServiceFingerprint == nil || in.ServicePrivateKey == nil || len(*in.ServiceFingerprint) != sha256.Size {
		return nil, badRequest("expected the fingerprint of %d bytes and the key of a service, or neither", sha256.Size)
	}
	key, err := keys.ParsePrivate(*in.ServicePrivateKey)
	return &smp.ServiceCredentials{CertFingerprint: [sha256.Size]byte(*in.ServiceFingerprint), Key: key}, err
}

func (in authorizeInputs) authorizer() (smp.Authorizer, error) {
	queue, err := keys.ParsePrivate(in.QueuePrivateKey)
	if err != nil {
		return nil, err
	}
	var relay keys.PublicKey
	if in.RelayPublicKey != nil {
		if relay, err = keys.ParsePublic(*in.RelayPublicKey); err != nil {
			return nil, err
		}
	}
	return smp.NewAuthorizer(queue, relay)
}

type authorizedTransmission struct {
	Authorized   vectors.Hex `json:"authorized"`
	Transmission vectors.Hex `json:"transmission"`
	authorizationParts
}

func authorizeTransmission(in authorizeInputs) (authorizedTransmission, error) {
	var none authorizedTransmission
	authorizer, err := in.authorizer()
	if err != nil {
		return none, err
	}
	service, err := in.service()
	if err != nil {
		return none, err
	}
	t, _ := in.transmission()
	var covered []byte
	if service != nil {
		covered = append(covered, service.CertFingerprint[:]...)
		err = t.AuthorizeInService(in.SessionID, authorizer, *service)
	} else {
		err = t.Authorize(in.SessionID, authorizer)
	}
	if err != nil {
		return none, err
	}
	if covered, err = t.AppendAuthorized(covered, in.SessionID); err != nil {
		return none, err
	}
	b, err := t.Encode(in.Version)
	return authorizedTransmission{covered, b, authorizationOf(t)}, err
}

type byServiceInputs struct {
	sessionParts
	ServicePrivateKey vectors.Hex `json:"service_private_key"`
}

type authorizedByService struct {
	Authorized    vectors.Hex `json:"authorized"`
	Authorization vectors.Hex `json:"authorization"`
	Transmission  vectors.Hex `json:"transmission"`
}

func authorizeByService(in byServiceInputs) (authorizedByService, error) {
	service, err := keys.ParsePrivate(in.ServicePrivateKey)
	if err != nil {
		return authorizedByService{}, err
	}
	t, _ := in.transmission()
	if err := t.AuthorizeByService(in.SessionID, smp.ServiceCredentials{Key: service}); err != nil {
		return authorizedByService{}, err
	}
	authorized, err := t.Authorized(in.SessionID)
	if err != nil {
		return authorizedByService{}, err
	}
	b, err := t.Encode(in.Version)
	return authorizedByService{authorized, t.Authorization, b}, err
}

type authorizationToVerify struct {
	Authorization   vectors.Hex `json:"authorization"`
	Authorized      vectors.Hex `json:"authorized"`
	CorrelationID   vectors.Hex `json:"correlation_id"`
	QueueKey        vectors.Hex `json:"queue_key"`
	RelayPrivateKey vectors.Hex `json:"relay_private_key"`
}

func verifyAuthorization(in authorizationToVerify) (schemeName, error) {
	queue, err := keys.ParsePublic(in.QueueKey)
	if err != nil {
		return schemeName{}, err
	}
	relay, err := keys.ParsePrivate(in.RelayPrivateKey)
	if err != nil {
		return schemeName{}, err
	}
	scheme, err := smp.SchemeOf(in.Authorization)
	if err != nil {
		return schemeName{}, err
	}
	if !smp.VerifyAuthorization(in.Authorization, in.Authorized, in.CorrelationID, queue, relay) {
		return schemeName{}, errNotAuthorized
	}
	return schemeName{schemes[scheme]}, nil
}

type transmissionToVerify struct {
	sessionTransmission
	QueueKey           vectors.Hex  `json:"queue_key"`
	RelayPrivateKey    *vectors.Hex `json:"relay_private_key"`
	ServiceFingerprint *vectors.Hex `json:"service_fingerprint"`
	ServiceKey         *vectors.Hex `json:"service_key"`
}

type verifiedTransmission struct {
	schemeName
	sentParts
}

// verifier returns what the relay verifies with, and the queue's key.
func (in transmissionToVerify) verifier() (*smp.Verifier, keys.PublicKey, error) {
	queue, err := keys.ParsePublic(in.QueueKey)
	if err != nil {
		return nil, queue, err
	}
	v := &smp.Verifier{SessionID: in.SessionID}
	if in.RelayPrivateKey != nil {
		if v.SessionKey, err = keys.ParsePrivate(*in.RelayPrivateKey); err != nil {
			return nil, queue, err
		}
	}
	if in.ServiceFingerprint == nil && in.ServiceKey == nil {
		return v, queue, nil
	}
	if in.ServiceFingerprint == nil || in.ServiceKey == nil || len(*in.ServiceFingerprint) != sha256.Size {
		return nil, queue, badRequest("expected the fingerprint of %d bytes and the key of a service, or neither", sha256.Size)
	}
	v.Service = &smp.ServicePeer{CertFingerprint: [sha256.Size]byte(*in.ServiceFingerprint)}
	v.Service.Key, err = keys.ParsePublic(*in.ServiceKey)
	return v, queue, err
}

func verifyTransmission(in transmissionToVerify) (verifiedTransmission, error) {
	var none verifiedTransmission
	v, queue, err := in.verifier()
	if err != nil {
		return none, err
	}
	t, err := in.inSession()
	if err != nil {
		return none, err
	}
	scheme, err := authorizationScheme(bareAuthorization{t.Authorization})
	if err != nil {
		return none, err
	}
	command, err := smp.DecodeCommand(in.Version, t.Command)
	if err != nil {
		return none, err
	}
	if refused := v.VerifyService(&t, command); refused != nil {
		return none, refused
	}
	if !v.Verify(&t, queue) {
		return none, errNotAuthorized
	}
	return verifiedTransmission{scheme, partsOf(t)}, nil
}
