package main

import (
	"fmt"

	"smpcheck/vectors/gen/build"
)

func versionNegotiation() *build.File {
	f := build.New("version_negotiation", "how two parties find the version that both speak",
		"Each party sends its range. They use the highest version that both ranges have.")
	f.Flag("NothingInCommon", "The ranges have no version in common: the parties cannot talk.")
	f.Flag("ReversedRange", "The lowest version is above the highest.")
	f.Flag("ChosenOutside", "The other side has chosen a version that was not offered.")
	f.Flag("NotRangeChecked", "The official parser takes numbers modulo 65536 instead of refusing them; so does everybody who reads the same links.")
	f.Flag("NoVersions", "The text is not a number or two numbers joined by a hyphen.")

	common := f.Group("common", "the versions that two ranges have in common", "common_versions")
	ranges := [][2]int{{6, 6}, {6, 7}, {6, 20}, {8, 14}, {9, 18}, {15, 16}, {19, 20}, {20, 20}, {0, 65535}}
	for _, a := range ranges {
		for _, b := range ranges {
			name := fmt.Sprintf("%d-%d/%d-%d", a[0], a[1], b[0], b[1])
			in := build.Fields{"range1": a, "range2": b}
			if max(a[0], b[0]) > min(a[1], b[1]) {
				common.Invalid("common_versions", name, "two ranges that do not meet", in, "NoCommonVersion", "NothingInCommon")
				continue
			}
			common.Valid(name, "two ranges that meet", in)
		}
	}
	for _, r := range [][2]int{{7, 6}, {20, 6}, {65535, 0}} {
		name := fmt.Sprintf("reversed/%d-%d", r[0], r[1])
		common.Invalid("common_versions", name+"/first", "a range that ends before it starts", build.Fields{"range1": r, "range2": [2]int{6, 20}}, "BadVersionRange", "ReversedRange")
		common.Invalid("common_versions", name+"/second", "a range that ends before it starts", build.Fields{"range1": [2]int{6, 20}, "range2": r}, "BadVersionRange", "ReversedRange")
	}

	capped := f.Group("capped", "what remains of a range when the other side has chosen a version", "cap_versions")
	for _, r := range [][2]int{{6, 6}, {6, 20}, {8, 14}} {
		for _, v := range uniqueInts(0, 5, r[0]-1, r[0], (r[0]+r[1])/2, r[1], r[1]+1, 65535) {
			name := fmt.Sprintf("%d-%d/%d", r[0], r[1], v)
			in := build.Fields{"range": r, "version": v}
			if v < r[0] || v > r[1] {
				capped.Invalid("cap_versions", name, "a version that was not offered", in, "VersionOutside", "ChosenOutside")
				continue
			}
			capped.Valid(name, "a version that was offered", in)
		}
	}

	text := f.Group("text", "version ranges as text, in the parameters of links", "parse_version_range")
	for _, s := range []string{"1", "2-3", "6-20", "20-20", "0-65535", "06-020"} {
		text.Valid(s, "a version range", build.Fields{"text": s})
	}
	for _, s := range []string{"65536", "65542-65556"} {
		text.Valid(s, "numbers above 65535", build.Fields{"text": s}, "NotRangeChecked")
	}
	text.Invalid("parse_version_range", "6-65536", "a range whose end wraps around to 0", build.Fields{"text": "6-65536"}, "BadVersionRange", "ReversedRange")
	for _, s := range []string{"", "-", "6-", "-20", "6--20", "6-20-21", "6–20", "six", "6 - 20", " 6-20", "6-20 ", "+6-20", "6.0-20", "0x6-20", "6,20"} {
		text.Invalid("parse_version_range", fmt.Sprintf("%q", s), "no version range", build.Fields{"text": s}, "NotVersions", "NoVersions")
	}
	for _, s := range []string{"20-6", "2-1", "65535-0"} {
		text.Invalid("parse_version_range", s, "a range that ends before it starts", build.Fields{"text": s}, "BadVersionRange", "ReversedRange")
	}
	return f
}
