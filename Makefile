# SPDX-License-Identifier: Apache-2.0
# Thin on purpose: each target is one line into swift or Scripts/.

# Shipped executables are static on Linux, where that makes them start faster and run anywhere.
STATIC := $(if $(filter Linux,$(shell uname -s)),--static-swift-stdlib -Xswiftc -static-executable)
RELEASE := .build/release
PREFIX ?= $(HOME)/.local

.PHONY: help setup build demo test kernels fuzz kills http lint format bench install clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo      build, get a model, start the daemon and embed a sentence
demo: build
	@Scripts/demo $(RELEASE)

## make test      everything: units, and the two executables as a user runs them
test: build
	@Scripts/test $(RELEASE)

## make build     the two executables, in .build/release
build: setup
	swift build -c release $(STATIC) --product hearth
	swift build -c release $(STATIC) --product hearthd

## make setup     install what building and testing need (as root) or say what is missing
setup:
	@Scripts/setup

## make kernels   every instruction set against the oracle: natively with sanitizers, arm64 and AMX emulated
kernels:
	@Scripts/setup emulation
	@Scripts/check-kernels

## make fuzz      feed every parser with what breaks it, a minute each (Scripts/fuzz)
fuzz:
	@Scripts/fuzz

## make kills     kill two hundred daemons that run jobs, and look at what they leave (Scripts/check-kills)
kills: build
	@Scripts/check-kills $(RELEASE)

## make http      send the HTTP routes what they allow and what they do not (Scripts/check-http)
http: build
	@Scripts/check-http $(RELEASE)

## make lint      check the format of all Swift sources
lint:
	swift format lint --strict --recursive Package.swift Sources Tests Fuzzing

## make format    format all Swift sources
format:
	swift format --in-place --recursive Package.swift Sources Tests Fuzzing

## make bench     measure against the limits of the machine and against peers
bench: build
	@Scripts/bench $(RELEASE)

## make install   copy the executables and completions to PREFIX (default ~/.local)
install: build
	@Scripts/install $(RELEASE) $(PREFIX)

clean:
	rm -rf .build
