#include "connector/http/gzip.hpp"

#include <zlib.h>

#include <algorithm>

namespace syncd::http {

result<std::string> gunzip(std::string_view packed, std::size_t bytes_max) {
    constexpr int gzip_window = 15 + 16;  // zlib: the largest window, with gzip's header and checksum
    z_stream stream{};
    if (inflateInit2(&stream, gzip_window) != Z_OK) return Error{errc::internal, "zlib does not start"};
    struct Guard {
        z_stream& stream;
        ~Guard() { inflateEnd(&stream); }
    } guard{stream};

    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = uInt(packed.size());
    std::string out;
    for (int state = Z_OK; state != Z_STREAM_END;) {
        if (out.size() >= bytes_max) return Error{errc::too_large, "the unpacked body is too large"};
        const std::size_t had = out.size();
        out.resize(std::min(bytes_max, std::max<std::size_t>(had * 2, packed.size() * 4 + 1024)));
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
        stream.avail_out = uInt(out.size() - had);
        state = inflate(&stream, Z_NO_FLUSH);
        out.resize(out.size() - stream.avail_out);
        const bool cut_off = state == Z_BUF_ERROR || (state == Z_OK && stream.avail_in == 0 && stream.avail_out != 0);
        if (cut_off || (state != Z_OK && state != Z_STREAM_END))
            return Error{errc::invalid_body, "the body is not valid gzip"};
    }
    return out;
}

}  // namespace syncd::http
