package program

import "encoding/json"

func (p Program) String() string { b, _ := json.Marshal(p); return string(b) }
