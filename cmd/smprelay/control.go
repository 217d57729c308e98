package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/reference/relay/control"
	"smpcheck/reference/smp"
)

// controlCommands are the commands that talk to a running relay.
func controlCommands(stdout io.Writer) []*cobra.Command {
	return []*cobra.Command{blockCommand(stdout), unblockCommand(stdout), statsCommand(stdout)}
}

// queueForms are what --queue takes.
const queueForms = "a sender id or link id in base64url, the address of a queue, or a link"

// controlFlag declares --control.
func controlFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "control", "", "`socket` that the relay was started with; required")
}

// queueFlag lets the queue be named by an argument or by --queue: an id can begin
// with a hyphen, so that it would be a flag as an argument.
func queueFlag(cmd *cobra.Command, queue *string) {
	cmd.Args = func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return nil
		case len(args) > 1 || *queue != "":
			return usage("unexpected argument, expected one queue")
		}
		*queue = args[0]
		return nil
	}
	cmd.Flags().StringVar(queue, "queue", "", "`QUEUE`: "+queueForms+"; required")
}

// ask sends a request to the relay at the socket.
func ask(cmd *cobra.Command, path string, request control.Request) (control.Response, error) {
	if path == "" {
		return control.Response{}, usage("--control is missing: the socket that the relay was started with")
	}
	return control.Call(cmd.Context(), path, request)
}

func blockCommand(stdout io.Writer) *cobra.Command {
	var path, queue, reason string
	var notice time.Duration
	cmd := &cobra.Command{
		Use:   "block QUEUE",
		Short: "Block a queue of a running relay",
		RunE: func(cmd *cobra.Command, _ []string) error {
			request, err := queueRequest(control.CommandBlock, queue)
			if err != nil {
				return err
			}
			request.Reason = smp.BlockingReason(reason)
			if request.Reason != smp.BlockedSpam && request.Reason != smp.BlockedContent {
				return usage("--reason %q, expected spam or content", reason)
			}
			if cmd.Flags().Changed("notice") {
				seconds := int64(notice / time.Second)
				if notice < 0 || notice != time.Duration(seconds)*time.Second {
					return usage("--notice %v, expected whole seconds, 0 for no limit", notice)
				}
				request.NoticeSeconds = &seconds
			}
			if _, err := ask(cmd, path, request); err != nil {
				return err
			}
			_, err = fmt.Fprintln(stdout, "the queue is blocked")
			return err
		},
	}
	controlFlag(cmd, &path)
	queueFlag(cmd, &queue)
	cmd.Flags().StringVar(&reason, "reason", "", "why: spam or content; required")
	cmd.Flags().DurationVar(&notice, "notice", 0, "ask clients to show a notice for this `time`, 0 for no limit (default: no notice)")
	return cmd
}

func unblockCommand(stdout io.Writer) *cobra.Command {
	var path, queue string
	cmd := &cobra.Command{
		Use:   "unblock QUEUE",
		Short: "Unblock a queue of a running relay",
		RunE: func(cmd *cobra.Command, _ []string) error {
			request, err := queueRequest(control.CommandUnblock, queue)
			if err != nil {
				return err
			}
			if _, err := ask(cmd, path, request); err != nil {
				return err
			}
			_, err = fmt.Fprintln(stdout, "the queue is not blocked any more")
			return err
		},
	}
	controlFlag(cmd, &path)
	queueFlag(cmd, &queue)
	return cmd
}

func statsCommand(stdout io.Writer) *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Show totals of a running relay",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			response, err := ask(cmd, path, control.Request{Command: control.CommandStats})
			switch {
			case err != nil:
				return err
			case response.Stats == nil:
				return fmt.Errorf("%w: a response without stats", control.ErrMessage)
			case asJSON:
				return json.NewEncoder(stdout).Encode(response.Stats)
			}
			return writeStats(stdout, response.Stats)
		},
	}
	controlFlag(cmd, &path)
	cmd.Flags().BoolVar(&asJSON, "json", false, "show them in JSON, on one line")
	return cmd
}

// writeStats writes totals for people.
func writeStats(w io.Writer, s *control.Stats) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	uptime := time.Duration(s.UptimeSeconds) * time.Second
	fmt.Fprintf(t, "uptime\t%v\n", uptime)
	fmt.Fprintf(t, "connections\t%d, %d of them in the handshake\n", s.Connections, s.Handshakes)
	fmt.Fprintf(t, "queues\t%d, %d of them blocked\n", s.Queues, s.Blocked)
	fmt.Fprintf(t, "messages\t%d\n", s.Messages)
	fmt.Fprintf(t, "destinations\t%d\n", s.Destinations)
	fmt.Fprintf(t, "received\t%d bytes\n", s.BytesReceived)
	fmt.Fprintf(t, "sent\t%d bytes\n", s.BytesSent)
	for _, list := range []struct {
		title  string
		counts map[string]uint64
	}{{"commands", s.Commands}, {"errors", s.Errors}} {
		for _, name := range slices.Sorted(maps.Keys(list.counts)) {
			fmt.Fprintf(t, "%s\t%s\t%d\n", list.title, name, list.counts[name])
		}
	}
	return t.Flush()
}
