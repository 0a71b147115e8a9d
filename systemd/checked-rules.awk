# Looks at text for nft that the daemon has written, and prints it when it is nothing but Bartizan's own rules; else prints
# why not, and exits 1. What it takes is what actors/firewall/ruleset-text.ts writes, line by
# line, and of that only what the net hand would take, too: Bartizan's chains at their hooks, and nothing that can drop
# ahead of lo, of the floor, and of what is allowed.
#
#   kind    `whole`: makes the table anew; `rules`: puts rules into it, or takes it away
#   table   the only table that it may name; empty: whichever it names first
#   floor   file of networks that are never cut; empty: there is none

function refuse(why) {
  if (wrong == "") wrong = "line " NR ": " why
  exit
}

function is_name(text) { return text ~ /^[A-Za-z0-9_]+$/ && length(text) <= 31 }

# The name that ends a line behind these words, or stands before a brace; empty when it is no name.
function name_in(words, end,    name) {
  if (substr($0, 1, length(words)) != words || substr($0, length($0) - length(end) + 1) != end) return ""
  name = substr($0, length(words) + 1, length($0) - length(words) - length(end))
  return is_name(name) ? name : ""
}

# eat(PATTERN): takes it off the rule's beginning, into `eaten`.
function eat(pattern) {
  if (!match(rule, "^" pattern)) return 0
  eaten = substr(rule, 1, RLENGTH)
  rule = substr(rule, RLENGTH + 1)
  return 1
}

# One condition off the rule's beginning.
function eat_condition(    n) {
  for (n = 1; n <= conditions; n++) if (eat(CONDITION[n])) return 1
  return 0
}

function judge_rule(    count, all, has_counter, verdict) {
  rule = substr($0, 5) " "
  count = 0
  all = ""
  while (eat_condition()) {
    if (++count > 16) refuse("has too many conditions")
    all = all eaten
  }
  has_counter = eat("counter name \"[A-Za-z0-9_]+\" ")
  if (eat("limit rate " RATE " log prefix \"bartizan-drop [a-z_]+: \" (group [0-9]+ )?")) {
    if (rule != "") refuse("is no rule of Bartizan's")
    return
  }
  verdict = rule
  if (verdict ~ /^goto [A-Za-z0-9_]+ $/) verdict = "goto"
  else if (verdict == "accept " || verdict == "drop ") verdict = substr(verdict, 1, length(verdict) - 1)
  else if (verdict != "" || !has_counter) refuse("is no rule of Bartizan's")
  if (chain != "guard" && chain != "host") return
  if (verdict == "accept" && count == 1) let_in(all)
  if (verdict == "drop" || verdict == "goto") judge_drop()
}

# let_in(CONDITION): whoever meets it gets past all that follows in this chain.
function let_in(condition,    set) {
  if (condition == "iifname \"lo\" ") has_lo = 1
  if (condition !~ /^ip6? saddr @[A-Za-z0-9_]+ $/) return
  set = substr(condition, index(condition, "@") + 1)
  set = substr(set, 1, length(set) - 1)
  # A rule on a set of the other family is refused by nft.
  if (set == "allowed4" || set == "allowed6") is_let_in[set] = 1
  if (!(set in hashed)) {
    hashed[set] = 1
    for (n = 1; n <= held[set]; n++) if (read_network(ELEMENT[set, n])) keep(set, hex, bits)
  }
  let_in_sets[++lets] = set
}

# Once a chain: what is let in ahead of the first rule that can drop is let in ahead of all.
function judge_drop(    n, set, is_held) {
  if (is_guarded) return
  if (!has_lo) refuse("can drop ahead of letting lo in")
  for (n = 4; n <= 6; n += 2) if (!(("allowed" n) in is_let_in)) refuse("can drop ahead of letting allowed" n " in")
  for (n = 1; n <= floors; n++) {
    is_held = 0
    for (set = 1; set <= lets && !is_held; set++) is_held = holds(let_in_sets[set], FLOOR_HEX[n], FLOOR_BITS[n])
    if (!is_held) refuse("can drop ahead of letting the whole floor in")
  }
  is_guarded = 1
}

function begin_chain(name) {
  if (++chains > 128) refuse("there are too many chains")
  if ((block, name) in chain_seen) refuse("the chain is there twice")
  chain_seen[block, name] = 1
  if (kind == "rules" && block == 2 && (!(("chain", name) in flushed) || name in deleted)) refuse("the chain was not emptied")
  chain = name
  rules_of_chain = 0
  is_hooked = has_lo = is_guarded = lets = 0
  split("", is_let_in)
  inside = "chain"
}

function in_chain(    hook) {
  if ($0 == "  }") {
    if ((chain == "guard" || chain == "host") && !is_hooked) refuse("the chain must have its hook")
    inside = "table"
    return
  }
  if ($0 ~ /^    type /) {
    hook = chain == "guard" ? "prerouting priority -190" : chain == "host" ? "input priority -5" : "none"
    if ($0 != "    type filter hook " hook "; policy accept;" || rules_of_chain || is_hooked) refuse("is no hook of Bartizan's")
    is_hooked = 1
    return
  }
  if (++rules > 8192) refuse("there are too many rules")
  rules_of_chain++
  if (kind == "rules" && block == 1) refuse("a rule stands where chains are only named")
  if ($0 !~ /^    [^ ]/) refuse("is no rule of Bartizan's")
  judge_rule()
}

function begin_set(name) {
  if (++sets > 1024) refuse("there are too many sets")
  if ((block, name) in set_seen) refuse("the set is there twice")
  set_seen[block, name] = 1
  set = name
  type = flags = size = ""
  inside = "set"
}

function in_set() {
  if ($0 == "  }") {
    if (type == "") refuse("a set has no type")
    # Others take their memory at once.
    if (size > 65536 && flags != "timeout") refuse("the set is too large")
    inside = "table"
  } else if ($0 in TYPE && type == "") type = TYPE[$0]
  else if ($0 ~ /^    size [1-9][0-9]*$/ && length($2) <= 8 && size == "") size = $2 + 0
  else if ($0 ~ /^    flags (dynamic|interval|timeout|dynamic,timeout|interval,timeout)$/ && flags == "") flags = $2
  else if (flags ~ /^dynamic/ && $0 ~ ("^    comment \"over (" RATE "|[0-9]+ connections)\"$")) return
  else if ($0 == "    elements = {") {
    if (kind == "rules" && (block == 1 || !(("set", set) in flushed))) refuse("the set was not emptied")
    if (!(type == "ports4" || type == "ports6" ? flags == "" : flags == "interval" && type in FORM)) refuse("a set of this kind begins empty")
    inside = "elements"
  } else refuse("says of a set what Bartizan says of none")
}

function in_elements(    text, part) {
  if ($0 == "    }") {
    inside = "set"
    return
  }
  if (++elements > 131072) refuse("there are too many elements")
  if (substr($0, 1, 6) != "      " || $0 !~ FORM[type]) refuse("is no element of this set")
  text = substr($0, 7, length($0) - 7)
  if (type == "4" || type == "6") {
    if (!read_network(text)) refuse("is no address or network")
    ELEMENT[set, ++held[set]] = text
  } else if (type != "port") {
    split(text, part, " ")
    if (hex_of(part[1]) == "") refuse("is no address")
  }
}

function in_table(    name) {
  if ($0 == "}") {
    inside = ""
    return
  }
  if ((name = name_in("  counter ", " { packets 0 bytes 0 }")) != "") {
    if (++counters > 2048) refuse("there are too many counters")
  } else if ((name = name_in("  set ", " {")) != "") begin_set(name)
  else if ((name = name_in("  chain ", " {")) != "") begin_chain(name)
  else refuse("is nothing of Bartizan's table")
}

# What stands outside of a table's braces, as a letter in `order`.
function outside(    name) {
  if ($0 == "table inet " table " {") {
    block++
    inside = "table"
    order = order "B"
  } else if ($0 == "table inet " table) order = order "t"
  else if ($0 == "delete table inet " table) order = order "x"
  else if ((name = name_in("flush chain inet " table " ", "")) != "") {
    flushed["chain", name] = 1
    order = order "c"
  } else if ((name = name_in("delete chain inet " table " ", "")) != "") {
    deleted[name] = 1
    order = order "d"
  } else if ((name = name_in("delete set inet " table " ", "")) != "") {
    # Made anew: it begins empty.
    flushed["set", name] = 1
    order = order "s"
  } else if ((name = name_in("flush set inet " table " ", "")) != "") {
    flushed["set", name] = 1
    order = order "f"
  } else refuse("is no order that Bartizan gives")
}

BEGIN {
  RATE = "[0-9]+/(second|minute|hour) burst [0-9]+ packets"
  name = "[A-Za-z0-9_]+"
  source = "(ip saddr|ip6 saddr & ffff:ffff:ffff:ffff::)"
  state = "(new|established|related|invalid)"
  CONDITION[++conditions] = "iifname \"[A-Za-z0-9_.@-]+\" "
  CONDITION[++conditions] = "ip6? [sd]addr @" name " "
  CONDITION[++conditions] = "ip6? saddr [.] meta l4proto [.] th dport @" name " "
  CONDITION[++conditions] = "meta nfproto ipv[46] "
  CONDITION[++conditions] = "meta l4proto (tcp|udp|icmp|ipv6-icmp) "
  CONDITION[++conditions] = "(tcp|udp) dport (@" name "|[0-9]+) "
  CONDITION[++conditions] = "ct state " state "(," state ")* "
  CONDITION[++conditions] = "tcp flags & [(]fin [|] syn [|] rst [|] ack[)] == syn "
  CONDITION[++conditions] = "icmp(v6)? type ([0-9]+|[{] [0-9]+(, [0-9]+)* [}]) "
  CONDITION[++conditions] = "fib daddr type local "
  CONDITION[++conditions] = "limit rate over " RATE " "
  CONDITION[++conditions] = "update @" name " [{] " source " timeout [0-9]+s limit rate over " RATE " [}] "
  CONDITION[++conditions] = "add @" name " [{] " source " ct count over [0-9]+ [}] "
  TYPE["    type ipv4_addr"] = "4"
  TYPE["    type ipv6_addr"] = "6"
  TYPE["    type nf_proto"] = "either"
  TYPE["    type inet_service"] = "port"
  TYPE["    type ipv4_addr . inet_proto . inet_service"] = "ports4"
  TYPE["    type ipv6_addr . inet_proto . inet_service"] = "ports6"
  FORM["4"] = "^      [0-9.]+(/[0-9]+)?,$"
  FORM["6"] = "^      [0-9a-f:]+(/[0-9]+)?,$"
  FORM["port"] = "^      [0-9]+(-[0-9]+)?,$"
  FORM["ports4"] = "^      [0-9.]+ [.] (tcp|udp) [.] [0-9]+,$"
  FORM["ports6"] = "^      [0-9a-f:]+ [.] (tcp|udp) [.] [0-9]+,$"
  inside = ""
  if ((wrong = read_floor(floor)) != "") exit
}

{ text[NR] = $0 }
length($0) > 1024 { refuse("is too long") }
NR == 1 {
  if ($0 != "#!/usr/sbin/nft -f") refuse("is not how Bartizan begins")
  next
}
NR == 2 && /^# netns / {
  if ($0 !~ /^# netns [A-Za-z0-9_][A-Za-z0-9_.-]*$/ || length($0) > 264) refuse("is no namespace")
  next
}
table == "" && $0 ~ /^table inet [A-Za-z0-9_]+( [{])?$/ && is_name($3) { table = $3 }
inside == "chain" { in_chain(); next }
inside == "elements" { in_elements(); next }
inside == "set" { in_set(); next }
inside == "table" { in_table(); next }
{ outside() }

END {
  if (wrong == "") {
    if (NR == 0) wrong = "is empty"
    else if (inside != "") wrong = "ends in the midst"
    else if (kind == "whole" && order != "txB") wrong = "does not make the table anew"
    else if (kind == "rules" && order !~ /^(tx|Bc+d*s+f*B)$/) wrong = "does not put rules into the table"
    else if (kind == "rules" && order != "tx") {
      # What stands there may lead from its hook to any chain that is filled now.
      chain_seen[1, "guard"] = chain_seen[1, "host"] = 1
      for (place in chain_seen) {
        split(place, part, SUBSEP)
        if (!(("chain", part[2]) in flushed)) wrong = "does not empty the chain " part[2]
      }
    }
  }
  if (wrong != "") {
    print wrong
    exit 1
  }
  for (n = 1; n <= NR; n++) print text[n]
}
