#include "tests/sandbox/blob.hpp"

#include "tests/sandbox/call.hpp"

#include <algorithm>

namespace syncd::sandbox {
namespace {

constexpr std::string_view blob_path = "/sandbox/blob";
constexpr std::string_view bytes_parameter = "?bytes=";
constexpr std::int64_t bytes_max = std::int64_t{1} << 40;
constexpr std::size_t piece_bytes = 64u << 10;

awaitable<void> give(http::Exchange& exchange, std::uint64_t bytes) {
    const std::string piece(piece_bytes, 'b');
    bool going = co_await exchange.start(200, {{"Content-Type", "application/octet-stream"}}, bytes);
    for (; going && bytes > 0; bytes -= std::min<std::uint64_t>(bytes, piece.size()))
        going =
            co_await exchange.write(std::string_view(piece).substr(0, std::min<std::uint64_t>(bytes, piece.size())));
    if (going) co_await exchange.finish();
}

awaitable<void> count(http::Exchange& exchange) {
    std::uint64_t bytes = 0;
    for (;;) {
        const auto piece = co_await exchange.read();
        if (!piece) co_return;
        if (piece->empty()) break;
        bytes += piece->size();
    }
    co_await exchange.answer(
        {200, {{"Content-Type", "application/json"}}, "{\"bytes\":" + std::to_string(bytes) + "}"});
}

awaitable<void> answer(http::Exchange& exchange) {
    const std::string_view target = exchange.head().target;
    const auto question = target.find(bytes_parameter);
    if (exchange.head().method != "GET") return count(exchange);
    const auto digits = question == std::string_view::npos ? "0" : target.substr(question + bytes_parameter.size());
    return give(exchange, std::uint64_t(parse_number(digits, 0, bytes_max).value_or(0)));
}

}  // namespace

http::Streaming make_blobs() {
    return {[](const http::Request& head) { return head.target.starts_with(blob_path); },
            [](http::Exchange& exchange) { return answer(exchange); }};
}

}  // namespace syncd::sandbox
