# The table of monitor_progress.sh. Input: verify.log, then each rank's own log. Environment: FOLDER;
# AGES, "mtime path" of each log, one a line; NOW; CLOCK; ROOM, rows that fit (0: any number);
# INTERRUPTED, 0 or 1. Exit status 10: the run has ended.

function number_after(text, word) {
  if (!match(text, word ": [0-9.]+")) return 0
  return substr(text, RSTART + length(word) + 2, RLENGTH - length(word) - 2) + 0
}

function duration(s) {
  return s < 100 ? s " s" : s < 6000 ? int(s / 60) " min" : int(s / 3600) " h"
}

function keep(list, line) {
  list[++list[0]] = line
}

function show(title, list,    i) {
  if (list[0]) print "\n" title
  for (i = list[0] > 5 ? list[0] - 4 : 1; i <= list[0]; i++) print "  " list[i]
}

function row(name, r) {
  printf "%-9s %19s %6.1f%% %8.1f %11s %9s %8d %6d  %s\n", name, done[r] "/" total[r], \
    total[r] ? 100 * done[r] / total[r] : 0, speed[r], eta[r], age[r], warnings[r], errors[r], state[r]
}

# Of two ranks, is `a` the one to show first where not all fit?
function comes_before(a, b) {
  if ((state[a] == "done") != (state[b] == "done")) return state[b] == "done"
  return minutes[a] > minutes[b]
}

FNR == 1 {
  whole = FILENAME ~ /\/verify\.log$/
  rank = FILENAME
  sub(/.*\/gpu/, "", rank)
  sub(/\.log$/, "", rank)
}

whole && /^  YOLO Label Verifier - / { mode = $5; complete = useless = 0 }
whole && /^  Using [0-9]+ / { ranks = $2 }
whole && /^✓ .* verification complete!$/ { complete = 1 }
whole && /\] ERROR: none of the [0-9]+ images could be read/ { useless = 1 }
whole && /\] ERROR: / { keep(last_errors, $0) }
whole && /\] WARNING: / { keep(last_warnings, $0) }
whole { next }

/\] Processing [0-9]+ images$/ {
  label[rank] = substr($1, 2)
  total[rank] = $4; done[rank] = 0; speed[rank] = 0; state[rank] = "started"
}
# A line that is being written may be cut off: only a whole one counts.
/\] Progress: [0-9]+\/[0-9]+ .* ETA: [^ ]+ min$/ {
  split($4, part, "/")
  done[rank] = part[1]; total[rank] = part[2]
  speed[rank] = number_after($0, "Speed"); minutes[rank] = number_after($0, "ETA")
  state[rank] = "running"
}
/\] ✓ Complete! Processed [0-9]+ images$/ { done[rank] = total[rank] = $(NF - 1); state[rank] = "done" }
/\] ERROR: / { errors[rank]++; state[rank] = "FAILED" }
/\] WARNING: / { warnings[rank] += /WARNING: … and [0-9]+ more / ? $6 : 1 }

END {
  n = split(ENVIRON["AGES"], lines, "\n")
  for (i = 1; i <= n; i++)
    if (match(lines[i], /gpu[0-9]+\.log$/)) {
      r = substr(lines[i], RSTART + 3, RLENGTH - 7)
      seconds = ENVIRON["NOW"] - (lines[i] + 0)
      age[r] = duration(seconds > 0 ? seconds : 0)
    }

  all = "all"
  done[all] = total[all] = speed[all] = minutes[all] = 0
  for (r = 0; r < ranks; r++) {
    if (!(r in label)) { label[r] = "rank"; total[r] = done[r] = 0; state[r] = "no line yet" }
    eta[r] = "-"
    done[all] += done[r]; total[all] += total[r]
    warnings[all] += warnings[r]; errors[all] += errors[r]
    reached += speed[r]
    failed += state[r] == "FAILED"
    working += state[r] != "FAILED" && state[r] != "done"
    if (state[r] != "running") continue
    running++
    eta[r] = sprintf("%.1f min", minutes[r])
    speed[all] += speed[r]
    if (minutes[r] > minutes[all]) minutes[all] = minutes[r]
    if (running == 1 || speed[r] < speed[slowest]) slowest = r
  }
  if (running > 1) state[slowest] = "<- slowest"
  if (!running) speed[all] = reached
  eta[all] = running ? sprintf("%.1f min", minutes[all]) : "-"
  if (complete) state[all] = "complete"
  else if (useless || failed && !working) state[all] = "FAILED"
  else if (ENVIRON["INTERRUPTED"] + 0) state[all] = "interrupted: --resume continues"

  printf "%s | %s, %d ranks | %s\n\n", ENVIRON["FOLDER"], mode, ranks, ENVIRON["CLOCK"]
  printf "%-9s %19s %7s %8s %11s %9s %8s %6s\n", "rank", "done/total", "", "img/s", "ETA", "last line", "warnings", "errors"
  room = ENVIRON["ROOM"] + 0
  if (room == 0 || room > ranks) room = ranks
  for (i = 0; i < room; i++) {
    first = ""
    for (r = 0; r < ranks; r++)
      if (!(r in shown) && (first == "" || room < ranks && comes_before(r, first))) first = r
    shown[first] = 1
    row(label[first] " " first, first)
  }
  if (room < ranks) printf "... and %d ranks with less to go\n", ranks - room
  row("all", all)
  show("Last errors:", last_errors)
  show("Last warnings:", last_warnings)
  exit state[all] == "" ? 0 : 10
}
