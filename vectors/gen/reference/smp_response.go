package main

import "smpcheck/vectors/gen/build"

func smpResponses() *build.File { return build.New("smp_response", "x") }
