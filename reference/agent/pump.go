package agent

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"smpcheck/reference/agent/store"
)

// pump moves stored events into the channel of Agent.Events, and those about relays,
// which are not stored.
type pump struct {
	channel chan Event
	signal  chan struct{}
	// passing are events that are not stored. When the reader is slow the oldest are
	// dropped for newer ones.
	passing chan Event
	closing sync.Once
	// again is the newest event of former processes.
	again int64
}

// eventBuffer is how many events are read from the file at a time.
const eventBuffer = 64

func (p *pump) init() {
	p.channel = make(chan Event)
	p.signal = make(chan struct{}, 1)
	p.passing = make(chan Event, eventBuffer)
}

func (p *pump) close() { p.closing.Do(func() { close(p.channel) }) }

// wake tells the pump that there are new stored events.
func (p *pump) wake() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

// pass gives the pump an event that is not stored.
func (p *pump) pass(e Event) {
	for {
		select {
		case p.passing <- e:
			return
		default:
		}
		select {
		case <-p.passing:
		default:
		}
	}
}

// pumpEvents runs until the agent is closed.
func (a *Agent) pumpEvents() {
	var last int64
	for {
		var batch []store.Event
		err := a.store.Update(a.ctx, func(tx *store.Tx) (err error) {
			batch, err = tx.Events(last, eventBuffer)
			return err
		})
		if err != nil && a.ctx.Err() == nil {
			a.cfg.Logger.Error("events cannot be read", "error", err)
		}
		for _, stored := range batch {
			last = stored.ID
			e, err := a.event(stored)
			if err != nil {
				a.cfg.Logger.Error("stored event cannot be read", "error", err)
				continue
			}
			select {
			case a.pump.channel <- e:
			case <-a.ctx.Done():
				return
			}
		}
		if len(batch) > 0 {
			continue
		}
		select {
		case <-a.pump.signal:
		case e := <-a.pump.passing:
			select {
			case a.pump.channel <- e:
			case <-a.ctx.Done():
				return
			}
		case <-a.ctx.Done():
			return
		}
	}
}

// bodies are the types of stored events by their kind.
var bodies = func() map[string]reflect.Type {
	types := make(map[string]reflect.Type)
	for _, b := range []EventBody{
		Confirmation{}, Request{}, PeerInfo{}, Connected{}, Received{}, Sent{}, NotSent{}, Delivered{},
		QueueFull{}, Continue{}, Switching{}, Synchronization{}, Problem{}, Removed{},
	} {
		types[b.Kind()] = reflect.TypeOf(b)
	}
	return types
}()

// event returns a stored event as the application sees it.
func (a *Agent) event(stored store.Event) (Event, error) {
	e := Event{ID: stored.ID, Conn: ConnID(stored.Connection), Time: stored.Created, Again: stored.ID <= a.pump.again}
	t, ok := bodies[stored.Kind]
	if !ok {
		return e, fmt.Errorf("event of unknown kind %q", stored.Kind)
	}
	body := reflect.New(t)
	if err := json.Unmarshal(stored.Body, body.Interface()); err != nil {
		return e, fmt.Errorf("event of kind %q: %w", stored.Kind, err)
	}
	e.Body = body.Elem().Interface().(EventBody)
	return e, nil
}

// insertEvent stores an event of a connection; queue and relayID name the message
// that waits at the relay for its acknowledgement.
func insertEvent(tx *store.Tx, e store.Event, body EventBody) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("event of kind %q: %w", body.Kind(), err)
	}
	e.Kind, e.Body = body.Kind(), text
	_, err = tx.InsertEvent(e)
	return err
}
