// A TCP proxy on loopback that limits every connection, in each direction, to a rate.
// usage: throttle UPSTREAM_PORT BYTES_PER_SECOND     prints its port; ends with its standard input

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace {

/// A connected pair of sockets, closed when both directions are done.
struct Pair {
  int client;
  int server;
  ~Pair() {
    close(client);
    close(server);
  }
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Passes on what comes, never ahead of the rate by more than one buffer.
void pass(const std::shared_ptr<Pair>&, int from, int to, double rate) {
  using Clock = std::chrono::steady_clock;
  std::vector<char> buffer(128U << 10U);
  Clock::time_point due = Clock::now();
  for (;;) {
    const ssize_t count = read(from, buffer.data(), buffer.size());
    if (count <= 0) break;
    due = std::max(due, Clock::now() - std::chrono::milliseconds(5));
    due += std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(static_cast<double>(count) / rate));
    for (ssize_t sent = 0; sent < count;) {
      const ssize_t now = write(to, buffer.data() + sent, static_cast<std::size_t>(count - sent));
      if (now <= 0) {
        shutdown(from, SHUT_RD);
        shutdown(to, SHUT_WR);
        return;
      }
      sent += now;
    }
    std::this_thread::sleep_until(due);
  }
  shutdown(to, SHUT_WR);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto upstream = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const double rate = std::atof(argv[2]);
  std::signal(SIGPIPE, SIG_IGN);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || bind(listener, generic, length) != 0 || listen(listener, 128) != 0 ||
      getsockname(listener, generic, &length) != 0) {
    std::perror("throttle");
    return 1;
  }
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  std::thread([] {
    char end = 0;
    while (read(STDIN_FILENO, &end, 1) > 0) {
    }
    std::_Exit(0);
  }).detach();
  for (;;) {
    const int client = accept(listener, nullptr, nullptr);
    if (client < 0) continue;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto both = std::make_shared<Pair>(client, server);
    const sockaddr_in target = loopback(upstream);
    if (connect(server, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) continue;
    std::thread([both, rate] { pass(both, both->client, both->server, rate); }).detach();
    std::thread([both, rate] { pass(both, both->server, both->client, rate); }).detach();
  }
}
