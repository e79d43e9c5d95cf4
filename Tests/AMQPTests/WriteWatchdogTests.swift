import Foundation
import Glibc
import Testing

@testable import AMQP

@Suite("Watchdog of writes", .timeLimit(.minutes(10)))
struct WriteWatchdogTests {
    /// Two sockets that are connected to each other.
    private func withPair(_ body: (_ one: Int32, _ other: Int32) async throws -> Void) async throws {
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { pair.forEach { close($0) } }
        try await body(pair[0], pair[1])
    }

    /// Writes until an error, as the library does, on a thread of its own, and answers the error.
    private func writeForEver(
        _ descriptor: Int32, _ watchdog: WriteWatchdog, first: @escaping @Sendable () -> Void = {}
    ) async -> Int32 {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let error = watchdog.watching(.milliseconds(50)) {
                    first()
                    let bytes = [UInt8](repeating: 0, count: 65_536)
                    while send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) > 0 {}
                    return errno
                }
                continuation.resume(returning: error)
            }
        }
    }

    private func takesAByte(_ descriptor: Int32) -> Bool {
        send(descriptor, [7 as UInt8], 1, Int32(MSG_NOSIGNAL)) == 1
    }

    @Test func aWriteThatNobodyReadsFails() async throws {
        try await withPair { one, _ in
            let watchdog = try #require(WriteWatchdog(socket: one, period: .milliseconds(10)))
            defer { watchdog.stop() }
            #expect(await writeForEver(one, watchdog) == EPIPE)
            #expect(watchdog.hasBitten)
        }
    }

    @Test func outsideOfAWriteNothingHappens() async throws {
        try await withPair { one, _ in
            let watchdog = try #require(WriteWatchdog(socket: one, period: .milliseconds(1)))
            watchdog.watching(.zero) {}
            // Time itself is the subject: it looks many times meanwhile.
            try await Task.sleep(for: .milliseconds(50))
            #expect(takesAByte(one))
            watchdog.stop()
            watchdog.stop()
            #expect(takesAByte(one))
            #expect(!watchdog.hasBitten)
        }
    }

    /// The library may close its descriptor within a call, and another file may be given the same number.
    @Test func anotherSocketUnderTheSameNumberIsLeftAlone() async throws {
        try await withPair { one, _ in
            try await withPair { stranger, _ in
                let number = dup(one)
                defer { close(number) }
                let watchdog = try #require(WriteWatchdog(socket: number, period: .milliseconds(10)))
                defer { watchdog.stop() }
                #expect(await writeForEver(one, watchdog) { dup2(stranger, number) } == EPIPE)
                #expect(takesAByte(number))
            }
        }
    }

    @Test func whatIsNoDescriptorCannotBeWatched() {
        #expect(WriteWatchdog(socket: -1, period: .seconds(1)) == nil)
    }
}
