#include <linux/netfilter/nf_tables.h>

#include "engine.h"

namespace bartizan::nft {

Status Engine::set_dormant(const std::string& table, bool dormant) {
  Standing standing;
  int error = read_table(table, standing);
  if (error == 0 && standing.dormant != dormant) {
    error = transact(std::nullopt, [&](MessageWriter& out) {
      out.begin_nft(NFT_MSG_NEWTABLE, 0);
      out.put_text(NFTA_TABLE_NAME, table);
      out.put_u32(NFTA_TABLE_FLAGS, dormant ? NFT_TABLE_F_DORMANT : 0);
    });
  }
  return error == 0 ? Status{} : from_errno(error);
}

}  // namespace bartizan::nft
