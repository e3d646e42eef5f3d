#!/usr/bin/env bash
# Makes an Android phone on a USB cable a device of a tracker on this machine, and keeps it one.
#   deploy/android/run-agent.sh [--tracker-port PORT] [--name NAME] [--serial SERIAL] [--agent FILE] [-- AGENT-OPTION...]
# Pushes tuner-agent into /data/local/tmp/tunefarm where the phone has another one or none, lets the phone reach the
# tracker through the cable (adb reverse), starts the agent and stays: when the cable comes back after a pull, when the
# phone has been started anew or the agent has ended, all of that is done again. Work goes on while the cable is out.
# Ctrl-C ends the agent on the phone too. Needs no root on the phone, only USB debugging; see docs/boards.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

port=7700
name=
serial=
agent=$here/../../build/arm64/bin/tuner-agent
folder=${TUNEFARM_PHONE_FOLDER:-/data/local/tmp/tunefarm}
options=()

say() { printf 'phone: %s\n' "$*"; }
fail() { printf 'phone: %s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
  case $1 in
    --tracker-port) port=${2:?$1 takes a port}; shift 2 ;;
    --name) name=${2:?$1 takes a name}; shift 2 ;;
    --serial) serial=${2:?$1 takes a serial number}; shift 2 ;;
    --agent) agent=${2:?$1 takes a file}; shift 2 ;;
    --) shift; options=("$@"); break ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) printf 'phone: unknown option %s (--help)\n' "$1" >&2; exit 2 ;;
  esac
done
command -v adb >/dev/null || fail "adb is missing: apt-get install adb"
[ -f "$agent" ] || fail "$agent is missing: deploy/build.sh arm64 makes it"

phone() { adb ${serial:+-s "$serial"} "$@"; }
# Runs a command line on the phone. Its words are the phone's shell's.
on_phone() { phone shell "$1" </dev/null | tr -d '\r'; }

check_phone() {
  local abi
  abi=$(on_phone 'getprop ro.product.cpu.abi') || return 1
  [ "$abi" = arm64-v8a ] || fail "the phone's processor is $abi, the agent is for arm64-v8a"
  [ -n "$name" ] || name=$(on_phone 'getprop ro.product.model' | tr -cs '[:alnum:]-' '-' | sed 's/-*$//')
}

push_agent() {
  local wanted has
  wanted=$(sha256sum "$agent" | cut -d' ' -f1)
  has=$(on_phone "mkdir -p $folder; sha256sum $folder/tuner-agent 2>/dev/null || echo none" | cut -d' ' -f1) || return 1
  [ "$wanted" != "$has" ] || return 0
  say "copying $(basename "$agent") to the phone"
  # Under another name first: a running executable cannot be written to, and half a file must not be started.
  phone push "$agent" "$folder/tuner-agent.new" >/dev/null || return 1
  on_phone "chmod 755 $folder/tuner-agent.new && mv -f $folder/tuner-agent.new $folder/tuner-agent" || return 1
  stop_agent
}

# The number of a process that is our agent; numbers are given again after a restart of the phone.
agent_pid='pid=$(cat agent.pid 2>/dev/null) && [ "$(readlink /proc/$pid/exe 2>/dev/null)" = "$PWD/tuner-agent" ]'

start_agent() {
  local words
  words=$(printf ' %q' "${options[@]}")
  [ ${#options[@]} -gt 0 ] || words=
  # A session of its own: it must not end with the shell that the cable carries.
  on_phone "cd $folder && if $agent_pid; then echo running; else
    setsid ./tuner-agent --tracker 127.0.0.1:$port --name $name$words >agent.log 2>&1 </dev/null & echo \$! >agent.pid
    echo started; fi"
}

stop_agent() { on_phone "cd $folder && if $agent_pid; then kill \$pid; fi; rm -f agent.pid" || true; }

# Returns when the agent has ended (0) or the cable is out (1).
await_end() { on_phone "cd $folder && while $agent_pid; do sleep 2; done; echo ended" | grep -q ended; }

leave() {
  trap - INT TERM
  say "ending the agent on the phone"
  stop_agent
  phone reverse --remove "tcp:$port" >/dev/null 2>&1 || true
  exit 0
}
# adb runs in the background of wait, so that a signal is heeded at once.
attended() { "$@" & wait $!; }

trap leave INT TERM
say "waiting for the phone (USB debugging on, this computer allowed)"
failures=0
while true; do
  attended phone wait-for-device || fail "adb does not see a phone"
  if check_phone && push_agent && phone reverse "tcp:$port" "tcp:$port" >/dev/null && state=$(start_agent); then
    failures=0
    say "$name: agent $state, tracker at port $port"
    # A phone that sleeps measures nothing; with the cable in it stays awake.
    on_phone 'svc power stayon usb' >/dev/null 2>&1 || true
    if attended await_end; then
      say "$name: the agent has ended; its last words:"
      on_phone "tail -n 5 $folder/agent.log" || true
      sleep 2
    else
      say "$name: the cable is out; the agent goes on and waits for it"
    fi
  else
    failures=$((failures + 1))
    [ "$failures" -lt 10 ] || fail "adb failed 10 times in a row; 'adb devices' says more"
    sleep 1
  fi
done
