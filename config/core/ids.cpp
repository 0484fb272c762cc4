#include "config/core/ids.hpp"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <cctype>

namespace syncd {

std::string make_uuid(const Random& random) {
    boost::uuids::uuid id{};
    const std::uint64_t halves[2] = {random(), random()};
    for (std::size_t i = 0; i < 16; ++i) id.data[i] = std::uint8_t(halves[i / 8] >> (8 * (i % 8)));
    id.data[6] = std::uint8_t((id.data[6] & 0x0F) | 0x40);  // version 4
    id.data[8] = std::uint8_t((id.data[8] & 0x3F) | 0x80);  // variant RFC 4122
    return to_string(id);
}

std::string name_uuid(std::string_view name) {
    boost::uuids::name_generator_sha1 generate(boost::uuids::ns::url());
    return to_string(generate(name.data(), name.size()));
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
    }
    return true;
}

}  // namespace syncd
