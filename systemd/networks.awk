# Addresses and networks for checked-rules.awk and checked-blocks.awk: an address is its hexadecimal digits, 8 or 32 of them,
# and a network the first bits of these.

# hex_of(TEXT): of a canonical address, empty when it is none. No form that nft could read in another way: no leading
# zeros, no shortened IPv4, no IPv4 in IPv6.
function hex_of(text,    part, halves, left, right, n, i, hex) {
  if (text ~ /^[0-9.]+$/) {
    if (split(text, part, ".") != 4) return ""
    for (i = 1; i <= 4; i++) if (part[i] !~ /^(0|[1-9][0-9]?[0-9]?)$/ || part[i] > 255) return ""
    return sprintf("%02x%02x%02x%02x", part[1], part[2], part[3], part[4])
  }
  if (text !~ /^[0-9a-f:]+$/ || text ~ /:::/ || text ~ /^:[^:]/ || text ~ /[^:]:$/) return ""
  n = split(text, halves, "::")
  if (n > 2 || n == 0) return ""
  if (n == 1) return (hex = groups_of(text)) != "" && length(hex) == 32 ? hex : ""
  left = groups_of(halves[1])
  right = groups_of(halves[2])
  if (left == "-" || right == "-" || length(left) + length(right) > 28) return ""
  return left substr("00000000000000000000000000000000", 1, 32 - length(left) - length(right)) right
}

# Groups of one to four digits, as four digits each; `-` when they are none.
function groups_of(text,    group, n, i, hex) {
  if (text == "") return ""
  n = split(text, group, ":")
  hex = ""
  for (i = 1; i <= n; i++) {
    if (group[i] == "" || length(group[i]) > 4) return "-"
    hex = hex substr("0000", length(group[i]) + 1) group[i]
  }
  return hex
}

# start_of(HEX, BITS): the network of so many bits in which an address lies.
function start_of(hex, bits,    whole) {
  whole = int(bits / 4)
  if (bits % 4 == 0) return substr(hex, 1, whole)
  return substr(hex, 1, whole) "+" substr(NIBBLE[substr(hex, whole + 1, 1)], 1, bits % 4)
}

# read_network(TEXT): puts an address or a network into `hex` and `bits`. @returns 0 when it is neither
function read_network(text,    part, n) {
  n = split(text, part, "/")
  hex = n > 2 ? "" : hex_of(part[1])
  if (hex == "") return 0
  bits = length(hex) * 4
  if (n == 1) return 1
  if (part[2] !~ /^(0|[1-9][0-9]?[0-9]?)$/ || part[2] + 0 > bits) return 0
  bits = part[2] + 0
  return 1
}

# keep(PLACE, HEX, BITS): remembers a network, to be found by `holds`.
function keep(place, hex, bits,    wide) {
  wide = length(hex)
  if (!((place, wide, bits) in KEPT_BITS)) {
    KEPT_BITS[place, wide, bits] = 1
    KEPT_LENGTHS[place, wide] = KEPT_LENGTHS[place, wide] " " bits
  }
  KEPT[place, wide, bits, start_of(hex, bits)] = 1
}

# holds(PLACE, HEX, BITS): whether a kept network is as wide as this one and holds it.
function holds(place, hex, bits,    wide, lengths, n, i) {
  wide = length(hex)
  if (!((place, wide) in KEPT_LENGTHS)) return 0
  n = split(KEPT_LENGTHS[place, wide], lengths, " ")
  for (i = 1; i <= n; i++)
    if (lengths[i] + 0 <= bits && (place, wide, lengths[i], start_of(hex, lengths[i] + 0)) in KEPT) return 1
  return 0
}

# read_floor(FILE): its networks, and those that are in every floor, into FLOOR_HEX, FLOOR_BITS, 1 to `floors`.
# @returns what is wrong with it, empty when nothing is
function read_floor(file,    line, number, got) {
  add_to_floor("fe80::/10")
  add_to_floor("::/128")
  if (file == "") return ""
  number = 0
  while ((got = (getline line < file)) > 0) {
    number++
    sub(/#.*/, "", line)
    gsub(/^[ \t\r]+|[ \t\r]+$/, "", line)
    if (line != "" && !add_to_floor(line)) return file ":" number ": not an address or a network in CIDR form"
  }
  return got < 0 ? file " cannot be read" : ""
}

function add_to_floor(text) {
  if (!read_network(text)) return 0
  FLOOR_HEX[++floors] = hex
  FLOOR_BITS[floors] = bits
  return 1
}

BEGIN {
  split("0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1010 1011 1100 1101 1110 1111", four, " ")
  for (n = 1; n <= 16; n++) NIBBLE[substr("0123456789abcdef", n, 1)] = four[n]
}
