import Logging
import Messaging
import Synchronization
import Testing

/// What a handler saw and answers.
final class BatchRecorder: Sendable {
    private let state = Mutex<[[Delivery]]>([])

    func record(_ batch: [Delivery]) { state.withLock { $0.append(batch) } }

    var batches: [[Delivery]] { state.withLock { $0 } }
    /// The bodies in the order in which they came, read as text.
    var texts: [String] { batches.flatMap { $0 }.map(\.text) }
}

/// Holds handlers back until the test opens it.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

extension Delivery {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Fails the test when anything is set aside.
let nothingSetAside: Consumer.SetAside = { delivery, reason in
    Issue.record("set aside: \(reason)")
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
