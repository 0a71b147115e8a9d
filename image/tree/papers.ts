/**
 * What can be read on an installed machine, below the program's folder as in the checkout: what the units name as their
 * documentation, and what somebody needs who stands in front of it.
 */
export const PAPERS: readonly string[] = [
  'README.md',
  'docs/field-guide.md',
  'docs/firewall-hand.md',
  'docs/image-boot.md',
  'docs/network.md',
  'docs/packages.md',
  'docs/trials.md',
  'docs/updates.md',
];
