#include "config/load.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace syncd::config {
namespace {

constexpr std::size_t file_bytes_max = 16 * 1024 * 1024;

std::optional<std::string> read_whole(const std::string& path, std::string& why) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file) {
        why = std::strerror(errno);
        return std::nullopt;
    }
    std::string content;
    char block[16 * 1024];
    while (const std::size_t count = std::fread(block, 1, sizeof block, file.get())) {
        content.append(block, count);
        if (content.size() > file_bytes_max) {
            why = "it is larger than 16 MiB";
            return std::nullopt;
        }
    }
    if (std::ferror(file.get())) {  // a folder opens, but can't be read
        why = std::strerror(errno);
        return std::nullopt;
    }
    return content;
}

std::optional<std::string> variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

Surroundings real_surroundings() { return {variable, read_whole}; }

}  // namespace syncd::config
