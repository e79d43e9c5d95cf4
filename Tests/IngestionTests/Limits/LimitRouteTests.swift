import Foundation
import HTTPTypes
import Model
import Networks
import Testing

@testable import Ingestion

/// What a sender sees of the limits.
@Suite struct LimitRouteTests {
    private let track = "{\"userId\":\"u\",\"event\":\"E\"}"

    private func batch(_ count: Int) -> String {
        "{\"batch\":["
            + Array(repeating: "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\"}", count: count)
            .joined(separator: ",") + "]}"
    }

    @Test func aKeyPastItsRateIsToldWhenToComeBack() async throws {
        let edge = TestEdge()
        #expect(try await edge.post("/v1/track", track, key: "slow").status == 200)
        let answer = try await edge.post("/v1/track", track, key: "slow")
        #expect(answer.status == 429)
        #expect(answer.headers[.retryAfter] == "1")
        #expect(answer.body["code"] == .string("rate_limited"))
        #expect(answer.body["message"]?.string?.contains("3 events a second") == true)
        // Its neighbours go on.
        #expect(try await edge.post("/v1/track", track).status == 200)
        #expect(edge.sink.events.count == 2)
    }

    @Test func aBatchComesInWholeOrNotAtAll() async throws {
        let edge = TestEdge()
        #expect(try await edge.post("/v1/batch", batch(100), key: "slow").status == 200)
        #expect(edge.sink.events.count == 100)
        let answer = try await edge.post("/v1/batch", batch(2), key: "slow")
        #expect(answer.status == 429)
        // What was taken beforehand is to be paid back first.
        #expect((33...35).contains(Int(answer.headers[.retryAfter] ?? "") ?? 0))
        #expect(edge.sink.events.count == 100)
    }

    @Test func aQuotaThatIsUsedUpSaysSo() async throws {
        let edge = TestEdge()
        #expect(try await edge.post("/v1/batch", batch(2), key: "small").status == 200)
        let answer = try await edge.post("/v1/batch", batch(1), key: "small")
        #expect(answer.status == 429)
        #expect(answer.body["code"] == .string("quota_exceeded"))
        #expect(answer.headers[.retryAfter] != nil)
    }

    /// Whoever is past a limit is refused before its body is looked at.
    @Test func aRefusalDoesNotDependOnTheBody() async throws {
        let edge = TestEdge()
        _ = try await edge.post("/v1/track", track, key: "slow")
        #expect(try await edge.post("/v1/track", "no JSON", key: "slow").status == 429)
    }

    @Test func whatIsNotSafeCountsTowardsNoLimit() async throws {
        let edge = TestEdge()
        edge.sink.answer(.fail)
        #expect(try await edge.post("/v1/batch", batch(100), key: "slow").status == 503)
        edge.sink.release()
        #expect(try await edge.post("/v1/batch", batch(100), key: "slow").status == 200)
    }

    @Test func rejectedItemsCountTowardsNoLimit() async throws {
        let edge = TestEdge()
        for _ in 0..<3 {
            let answer = try await edge.post("/v1/batch", "{\"batch\":[{},{},{}]}", key: "slow")
            #expect(answer.status == 200 && answer.body["rejected"]?.array?.count == 3)
        }
        #expect(try await edge.post("/v1/track", track, key: "slow").status == 200)
    }
}

@Suite struct AddressLimitTests {
    private let address = NetworkAddress(hop: "192.0.2.7")

    /// Answers how many of `attempts` came in.
    private func open(_ limits: AddressLimits, _ address: NetworkAddress?, _ attempts: Int, processes: Int = 1) -> Int {
        (0..<attempts).count { _ in
            do throws(EdgeError) {
                try limits.take(address, processes: processes)
                return true
            } catch {
                return false
            }
        }
    }

    @Test func anAddressHasTwoSecondsOfItsRateAtOnce() {
        let still = ContinuousClock.now
        let limits = AddressLimits(rate: 10, now: { still })
        #expect(open(limits, address, 100) == 20)
        // Others are unharmed; of IPv6 a /64 is one.
        #expect(open(limits, NetworkAddress(hop: "192.0.2.8"), 100) == 20)
        #expect(open(limits, NetworkAddress(hop: "2001:db8::1"), 100) == 20)
        #expect(open(limits, NetworkAddress(hop: "2001:db8::2"), 100) == 0)
        #expect(open(limits, NetworkAddress(hop: "2001:db8:0:1::2"), 100) == 20)
        #expect(open(limits, nil, 100) == 100)
    }

    @Test func processesShareIt() {
        let still = ContinuousClock.now
        #expect(open(AddressLimits(rate: 10, now: { still }), address, 100, processes: 4) == 5)
    }

    @Test func guessingKeysCostsTenfold() {
        let still = ContinuousClock.now
        let limits = AddressLimits(rate: 50, now: { still })
        var guesses = 0
        while open(limits, address, 1) == 1 {
            limits.punish(address, processes: 1)
            guesses += 1
        }
        #expect(guesses == 10)
    }

    @Test func withoutALimitAllComesIn() {
        #expect(open(AddressLimits(rate: nil), address, 1000) == 1000)
    }

    @Test func addressesAreReadAsProxiesWriteThem() {
        #expect(NetworkAddress(hop: " 192.0.2.7 ") == address)
        #expect(NetworkAddress(hop: "192.0.2.7:8080") == address)
        #expect(NetworkAddress(hop: "::ffff:192.0.2.7") == address)
        #expect(NetworkAddress(hop: "[2001:db8::1]:80") == NetworkAddress(hop: "2001:db8::1"))
        for text in [
            "", "unknown", "192.0.2", "192.0.2.7:x", "192.0.2.7:", "[::1", "[192.0.2.7]", "_hidden", "1.2.3.4, 5.6.7.8",
            "::1%lo\r\n", String(repeating: "1", count: 100),
        ] { #expect(NetworkAddress(hop: text) == nil, "\(text)") }
    }

    @Test func onlyTrustedProxiesAreBelieved() throws {
        let proxies = try #require(TrustedProxies("10.0.0.0/8, 2001:db8::/32 192.0.2.1"))
        let headers = { (hops: [String]) in
            HTTPFields(hops.map { HTTPField(name: .forwardedFor, value: $0) })
        }
        func client(_ peer: String, _ hops: String...) -> NetworkAddress? {
            proxies.client(of: NetworkAddress(hop: peer), headers(hops))
        }
        #expect(client("198.51.100.1", "203.0.113.5") == NetworkAddress(hop: "198.51.100.1"))
        #expect(client("10.1.2.3", "203.0.113.5") == NetworkAddress(hop: "203.0.113.5"))
        // What a client wrote itself stands before what the proxies saw.
        #expect(client("10.1.2.3", "1.1.1.1, 203.0.113.5, 192.0.2.1") == NetworkAddress(hop: "203.0.113.5"))
        #expect(client("10.1.2.3", "1.1.1.1", "203.0.113.5", "2001:db8::9") == NetworkAddress(hop: "203.0.113.5"))
        #expect(client("10.1.2.3", "10.0.0.1, 10.0.0.2") == NetworkAddress(hop: "10.0.0.1"))
        #expect(client("10.1.2.3", "203.0.113.5, nonsense") == NetworkAddress(hop: "10.1.2.3"))
        #expect(client("10.1.2.3") == NetworkAddress(hop: "10.1.2.3"))
        #expect(proxies.client(of: nil, headers(["203.0.113.5"])) == nil)
        #expect(TrustedProxies.none.client(of: address, headers(["203.0.113.5"])) == address)
        for text in ["10.0.0.0/33", "2001:db8::/129", "10.0.0.0/", "10.0.0.0/x", "proxy"] {
            #expect(TrustedProxies(text) == nil, "\(text)")
        }
        #expect(TrustedProxies("0.0.0.0/0")?.isTrusted(NetworkAddress(hop: "8.8.8.8")!) == true)
        #expect(TrustedProxies("0.0.0.0/0")?.isTrusted(NetworkAddress(hop: "2001:db8::1")!) == false)
        #expect(TrustedProxies("::/0")?.isTrusted(NetworkAddress(hop: "2001:db8::1")!) == true)
    }
}
