// Which files a source has, and which of them the library cannot read.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "journal.h"

namespace bartizan::journal {

namespace {

// More files than this are not tried: journald keeps a hundred by default.
constexpr size_t kMostFiles = 4096;

bool ends_with(const std::string& name, std::string_view end) {
  return name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
}

// journald's own names; the second is of a file found damaged or not closed, and set aside.
bool is_journal(const std::string& name) { return ends_with(name, ".journal") || ends_with(name, ".journal~"); }

bool is_id(const std::string& name) {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

struct Scan {
  std::vector<std::string> files = {};
  std::vector<Refused> refused = {};
};

// `below`: folders named by an id are entered too.
void scan(const std::string& directory, bool below, Scan& found) {
  DIR* listing = opendir(directory.c_str());
  if (listing == nullptr) {
    if (errno != ENOENT && errno != ENOTDIR) found.refused.push_back({directory, errno});
    return;
  }
  std::vector<std::string> folders;
  while (const dirent* entry = readdir(listing)) {
    const std::string name = entry->d_name;
    if (is_journal(name) && found.files.size() < kMostFiles) found.files.push_back(directory + '/' + name);
    if (below && is_id(name)) folders.push_back(directory + '/' + name);
  }
  closedir(listing);
  for (const auto& folder : folders) scan(folder, false, found);
}

std::string machine_id() {
  char id[32];
  const int file = ::open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
  if (file < 0) return "";
  const ssize_t size = ::read(file, id, sizeof id);
  ::close(file);
  return size == sizeof id ? std::string(id, sizeof id) : "";
}

}  // namespace

Result<Files> Journal::files() const {
  if (journal_ == nullptr) return Failure{Kind::invalid, 0, "the journal is not open"};
  Scan found;
  if (source_.kind == Source::Kind::files) {
    found.files = source_.paths;
  } else if (source_.kind == Source::Kind::directory) {
    scan(source_.paths.front(), true, found);
  } else if (const std::string machine = machine_id(); !machine.empty()) {
    scan("/run/log/journal/" + machine, false, found);
    scan("/var/log/journal/" + machine, false, found);
  }
  Files files{0, std::move(found.refused)};
  for (const auto& path : found.files) {
    sd_journal* alone = nullptr;
    const char* paths[] = {path.c_str(), nullptr};
    const int result = library_->open_files(&alone, paths, 0);
    if (result >= 0) library_->close(alone);
    if (result >= 0) files.readable++;
    // Rotated or vacuumed away meanwhile.
    else if (result != -ENOENT) files.refused.push_back({path, -result});
  }
  return files;
}

}  // namespace bartizan::journal
