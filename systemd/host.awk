# Splits what the daemon rendered (STATE/host/rendered) into files below `folder`, and takes nothing that is not of this
# vocabulary, value by value: what comes from the daemon can set an address, and run, read or include nothing. Prints what is
# wrong and exits 1.
#
#   bartizan-host 1                   the form, always the first line
#   = hostname | timezone             one word in the next line
#   = network NAME                    a file for systemd-networkd
#   = resolved | timesyncd            a file for systemd-resolved, systemd-timesyncd

function refuse(what) {
  if (failed == "") failed = "line " NR ": " what
  exit 1
}

# Of everything that is an address, a name or a list of them: no quote, no escape, no specifier, no path.
function words(text) { return text ~ /^[A-Za-z0-9.:\/_-]+( [A-Za-z0-9.:\/_-]+)*$/ }

BEGIN {
  kind = ""
  yes["yes"] = yes["no"] = 1
  split("Match.Name Match.MACAddress Match.Type Match.Kind Link.MTUBytes Link.RequiredForOnline Network.DHCP Network.Address " \
    "Network.Gateway Network.DNS Network.Domains Network.IPv6AcceptRA Network.LinkLocalAddressing " \
    "Network.DNSDefaultRoute Network.KeepConfiguration " \
    "Route.Gateway Route.GatewayOnLink DHCPv4.UseHostname DHCPv4.UseDNS DHCPv4.UseNTP DHCPv4.UseMTU " \
    "DHCPv6.UseHostname DHCPv6.UseDNS DHCPv6.UseNTP IPv6AcceptRA.UseDNS", keys, " ")
  for (n in keys) known["network", keys[n]] = 1
  split("Resolve.DNS Resolve.Domains Resolve.FallbackDNS", keys2, " ")
  for (n in keys2) known["resolved", keys2[n]] = 1
  split("Time.NTP Time.FallbackNTP", keys3, " ")
  for (n in keys3) known["timesyncd", keys3[n]] = 1
}

NR == 1 {
  if ($0 != "bartizan-host 1") refuse("is of another form")
  next
}

/^= / {
  if (kind == "hostname" || kind == "timezone") refuse("a word is missing")
  kind = $2
  section = ""
  if (kind == "network") {
    if (NF != 3 || $3 !~ /^[1-9][0-9]-bartizan-[a-z0-9-]+\.network$/ || length($3) > 64) refuse("is no name of ours")
    if (++files > 64) refuse("has too many files")
    out = folder "/network/" $3
  } else {
    if (NF != 2 || kind !~ /^(hostname|timezone|resolved|timesyncd)$/) refuse("is no part that is known")
    out = folder "/" kind
  }
  if (seen[out]++) refuse("is there twice")
  printf "" > out
  next
}

kind == "hostname" {
  if ($0 !~ /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/ || length($0) > 64) refuse("is no host name")
  print > out
  kind = "done"
  next
}

kind == "timezone" {
  if ($0 !~ /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9][A-Za-z0-9_+-]*)*$/ || length($0) > 64) refuse("is no timezone")
  print > out
  kind = "done"
  next
}

kind == "network" || kind == "resolved" || kind == "timesyncd" {
  if ($0 ~ /^\[[A-Za-z0-9]+\]$/) section = substr($0, 2, length($0) - 2)
  else if ($0 != "") {
    at = index($0, "=")
    if (at < 2 || !((kind, section "." substr($0, 1, at - 1)) in known)) refuse("is no setting that is known")
    value = substr($0, at + 1)
    if (value != "" && value != "!*" && !words(value)) refuse("is no value of this kind")
  }
  print > out
  next
}

{ refuse("belongs to no part") }

END {
  if (failed == "" && (kind == "hostname" || kind == "timezone")) failed = "ends in the midst"
  count = split("hostname timezone resolved timesyncd", parts, " ")
  for (n = 1; n <= count; n++) if (failed == "" && !((folder "/" parts[n]) in seen)) failed = "has no " parts[n]
  if (failed != "") {
    print failed
    exit 1
  }
}
