import Contracts
import Foundation
import Links
import Logging
import Messaging
import Model
import Postgres
import Store
import Synchronization
import Transit

@testable import Ingestion

let serverKey = WriteKey(workspace: WorkspaceID(rawValue: 1), name: "server", trust: .server)
let publicKey = WriteKey(workspace: WorkspaceID(rawValue: 1), name: "site", trust: .publicKey)
let slowKey = WriteKey(workspace: WorkspaceID(rawValue: 1), name: "slow", trust: .server, rate: 3)
let smallKey = WriteKey(
    workspace: WorkspaceID(rawValue: 2), name: "small", trust: .server, quota: EventQuota(perDay: 2))
let receipt = Timestamp(iso8601: "2026-03-02T10:00:00Z")!
let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A broker in memory, whose answers a test decides.
final class RecordingSink: EventSink {
    struct Away: Error {}

    enum Answer: Sendable {
        case confirm
        case fail
        /// The confirm waits until `release`.
        case hold
    }

    private struct State {
        var answer = Answer.confirm
        var bodies: [EventBatch] = []
        var attempts = 0
        var held: [CheckedContinuation<Void, Never>] = []
        var arrivals: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func answer(_ answer: Answer) { state.withLock { $0.answer = answer } }
    var bodies: [EventBatch] { state.withLock { $0.bodies } }
    var events: [AcceptedEvent] { bodies.flatMap(\.events) }
    var attempts: Int { state.withLock { $0.attempts } }

    func publish(_ body: [UInt8], id: UniqueID, within time: Duration) async throws {
        let batch = try EventBatch(decoding: body)
        let (answer, arrived) = state.withLock { state in
            state.attempts += 1
            let arrived = state.arrivals.filter { $0.count <= state.attempts }
            state.arrivals.removeAll { $0.count <= state.attempts }
            return (state.answer, arrived)
        }
        for arrival in arrived { arrival.continuation.resume() }
        switch answer {
        case .confirm: break
        case .fail: throw Away()
        case .hold:
            await withCheckedContinuation { continuation in
                let isReleased = state.withLock { state in
                    if case .hold = state.answer {
                        state.held.append(continuation)
                        return false
                    }
                    return true
                }
                if isReleased { continuation.resume() }
            }
        }
        state.withLock { $0.bodies.append(batch) }
    }

    /// Confirms all that is held, and all that comes.
    func release() {
        let held = state.withLock { state in
            state.answer = .confirm
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Returns once `count` publishes have begun.
    func attempted(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.attempts < count { state.arrivals.append((count, continuation)) }
                return state.attempts >= count
            }
            if isThere { continuation.resume() }
        }
    }
}

func draft(_ id: String, bytes: Int = 2) -> DraftEvent {
    DraftEvent(
        event: AcceptedEvent(
            workspace: serverKey.workspace, eventID: id, call: .track, subject: .identity(Identity(.user, "u")),
            name: "E", sentTime: nil, at: .distantPast, receivedAt: .distantPast, trust: .server,
            properties: Array(repeating: 0x20, count: bytes)), occurrence: .onReceipt)
}

func groups(
    _ sink: RecordingSink, stamp: (any GroupStamp)? = nil, _ change: (inout EventGroups.Limits) -> Void = { _ in }
) -> EventGroups {
    var limits = EventGroups.Limits()
    limits.pause = .milliseconds(1)
    change(&limits)
    return EventGroups(sink: sink, stamp: stamp, clock: MachineClock { receipt }, limits: limits, logger: silent)
}

/// Runs `body` while the groups are published.
func publishing<Result: Sendable>(
    _ groups: EventGroups, _ body: @Sendable () async throws -> Result
) async throws -> Result {
    async let running: Void = groups.run()
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    groups.end()
    try await running
    return try result.get()
}

func event(_ json: String, key: WriteKey = serverKey, call: AcceptedEvent.Call? = nil) throws -> DraftEvent {
    try TrackingRequest.single(
        PaddedText(Array(json.utf8)), call: call ?? .track, key: key, limits: EdgeLimits(), freshID: UniqueID.random
    ).drafts[0]
}

func batch(_ json: String, key: WriteKey = serverKey) throws -> TrackingRequest {
    try .batch(PaddedText(Array(json.utf8)), key: key, limits: EdgeLimits(), freshID: UniqueID.random)
}
