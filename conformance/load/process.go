package load

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of times in /proc: USER_HZ, which is 100 on every platform of
// Go.
const clockTick = 10 * time.Millisecond

// ErrProcess: a process cannot be measured.
var ErrProcess = errors.New("use of a process")

// Usage is what a process has used.
type Usage struct {
	// User and System are the times of the processors.
	User, System time.Duration
	// Resident is the memory in use, in bytes.
	Resident int64
}

// CPU is the time of the processors in all.
func (u Usage) CPU() time.Duration { return u.User + u.System }

// sub is what was used since before; the memory is the difference too.
func (u Usage) sub(before Usage) Usage {
	return Usage{u.User - before.User, u.System - before.System, u.Resident - before.Resident}
}

// UsageOf reads what a process has used from /proc/PID/stat, in steps of 10
// milliseconds. It returns ErrProcess if there is no such process or no such file
// system.
func UsageOf(pid int) (Usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("%w %d: %w", ErrProcess, pid, err)
	}
	return parseStat(text)
}

// The fields of /proc/PID/stat after the name of the program, which may hold anything.
// proc_pid_stat(5).
const (
	statUser     = 14 - 3
	statSystem   = 15 - 3
	statResident = 24 - 3
)

func parseStat(text []byte) (Usage, error) {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= statResident {
		return Usage{}, fmt.Errorf("%w: %d fields in its stat file", ErrProcess, len(fields))
	}
	var numbers [3]int64
	for i, field := range []int{statUser, statSystem, statResident} {
		var err error
		if numbers[i], err = strconv.ParseInt(string(fields[field]), 10, 64); err != nil {
			return Usage{}, fmt.Errorf("%w: its stat file: %w", ErrProcess, err)
		}
	}
	return Usage{
		User:     time.Duration(numbers[0]) * clockTick,
		System:   time.Duration(numbers[1]) * clockTick,
		Resident: numbers[2] * int64(os.Getpagesize()),
	}, nil
}

// watch reads the use of several processes.
type watch struct{ pids []int }

// read returns the use of each process; one that has ended meanwhile has used nothing.
func (w watch) read() []Usage {
	usages := make([]Usage, len(w.pids))
	for i, pid := range w.pids {
		usages[i], _ = UsageOf(pid)
	}
	return usages
}
