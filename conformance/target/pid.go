package target

// PID is the number of the process that Run started: the target, or whatever starts it.
func (p *process) PID() int { return p.cmd.Process.Pid }
