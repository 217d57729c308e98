package codec

import (
	"time"

	"smpcheck/reference/smp"
)

type infoForm struct {
	responseTag
	Info queueInfoForm `json:"info"`
}

type queueInfoForm struct {
	Secured      bool                  `json:"qiSnd"`
	Notifier     bool                  `json:"qiNtf"`
	Subscription *subscriptionInfoForm `json:"qiSub"`
	Size         string                `json:"qiSize"`
	Message      *messageInfoForm      `json:"qiMsg"`
}

type subscriptionInfoForm struct {
	Thread    smp.SubscriptionThread `json:"qSubThread"`
	Delivered *string                `json:"qDelivered"`
}

type messageInfoForm struct {
	ID   string          `json:"msgId"`
	Time time.Time       `json:"msgTs"`
	Type smp.MessageType `json:"msgType"`
}

func (p *formParser) queueInfo(f queueInfoForm) smp.QueueInfo {
	q := smp.QueueInfo{Secured: f.Secured, Notifier: f.Notifier, Size: p.int64(f.Size)}
	if s := f.Subscription; s != nil {
		q.Subscription = &smp.SubscriptionInfo{Thread: s.Thread, Delivered: s.Delivered}
	}
	if m := f.Message; m != nil {
		q.Message = &smp.MessageInfo{ID: m.ID, Time: m.Time, Type: m.Type}
	}
	return q
}

func queueInfoOf(q smp.QueueInfo) queueInfoForm {
	f := queueInfoForm{Secured: q.Secured, Notifier: q.Notifier, Size: int64Text(q.Size)}
	if s := q.Subscription; s != nil {
		f.Subscription = &subscriptionInfoForm{s.Thread, s.Delivered}
	}
	if m := q.Message; m != nil {
		f.Message = &messageInfoForm{m.ID, m.Time, m.Type}
	}
	return f
}
