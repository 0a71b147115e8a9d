# Makes orders for nft of the blocks that the daemon has written, a line for each: SET ADDRESS EXPIRES ID. Of several lines
# for one address the last counts; EXPIRES is in seconds since 1970, `never`, or 0 for one that was released. Whatever is not
# of this form is left out, as a crash may have torn the last line; so is what the net hand would not block: what lies in
# the floor, on loopback, or is this host's own; how many those are is said on standard error.
#
#   table   whose sets they are
#   floor   file of networks that are never cut; empty: there is none
#   now     seconds since 1970; a clock that has not been set yet makes blocks last longer, never shorter

function put(set) {
  if (count[set]) print "add element inet " table " " set " {" line[set] " }"
  line[set] = ""
  count[set] = 0
}

# This host's addresses, as /proc tells them in its own namespace.
function read_own(    word, n, text, hex) {
  while ((getline text < "/proc/self/net/fib_trie") > 0) {
    n = split(text, word, " ")
    if (word[1] == "|--") hex = hex_of(word[2])
    else if (word[1] == "/32" && word[3] == "LOCAL") keep("floor", hex, 32)
  }
  while ((getline text < "/proc/self/net/if_inet6") > 0) {
    split(text, word, " ")
    if (length(word[1]) == 32) keep("floor", word[1], 128)
  }
}

BEGIN {
  if ((wrong = read_floor(floor)) != "") exit
  for (n = 1; n <= floors; n++) keep("floor", FLOOR_HEX[n], FLOOR_BITS[n])
  keep("floor", hex_of("127.0.0.0"), 8)
  keep("floor", hex_of("::1"), 128)
  read_own()
  FORM["blocked4"] = "^[0-9.]+$"
  FORM["blocked6"] = "^[0-9a-f:]+$"
  FORM["blocked_nets4"] = "^[0-9.]+/[0-9]+$"
  FORM["blocked_nets6"] = "^[0-9a-f:]+/[0-9]+$"
}

NF != 4 || !($1 in FORM) || $2 !~ FORM[$1] || $3 !~ /^(never|[0-9]+)$/ || $4 !~ /^[0-9a-f-]+$/ || length($0) > 160 { next }
{
  place = $1 " " $2
  expires[place] = $3
  decision[place] = $4
}

END {
  if (wrong != "") {
    print "bartizan-checked: " wrong | "cat >&2"
    exit 1
  }
  for (place in expires) {
    end = expires[place]
    if (end != "never" && end + 0 <= now + 0) continue
    split(place, part, " ")
    set = part[1]
    if (!read_network(part[2]) || (set ~ /4$/) != (length(hex) == 8)) continue
    if (holds("floor", hex, bits)) {
      kept_out++
      continue
    }
    left = end == "never" || end - now > 31536000 ? "" : sprintf(" timeout %ds", end - now)
    line[set] = line[set] (count[set]++ ? "," : "") " " part[2] left " comment \"" decision[place] "\""
    if (count[set] == 5000) put(set)
  }
  for (set in count) put(set)
  if (kept_out) print "bartizan-checked: left " kept_out " blocks out, of the floor, of loopback or of own addresses" | "cat >&2"
}
