package plan

// Descriptive returns the paths of fields in official files that tell something about a
// test and are neither given to a codec nor compared: texts for people, and names of
// values that are not in the files. A path has the name of the test's part in front and
// dots between names: "inputs.group".
func Descriptive(kind string) []string { return descriptive[kind] }

var descriptive = map[string][]string{
	"commands": {"inputs.group"},
}
