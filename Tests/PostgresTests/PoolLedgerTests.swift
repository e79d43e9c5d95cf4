import Testing

@testable import Postgres

/// The pool's decisions, by seeded random operations against what must always hold.
@Suite struct PoolLedgerTests {
    struct Seeded: RandomNumberGenerator {
        var state: UInt64

        // SplitMix64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// What a pool of numbered connections looks like from outside.
    private struct Model {
        var ledger = PoolLedger<Int, UInt64>(capacity: 3)
        var made = 0
        var lent: Set<Int> = []
        var line: [UInt64] = []

        mutating func take() {
            let id = ledger.newID()
            switch ledger.take() {
            case .take(let connection):
                #expect(lent.insert(connection).inserted && line.isEmpty)
            case .make:
                made += 1
                #expect(made <= 3 && lent.insert(made).inserted && line.isEmpty)
            case .wait:
                #expect(lent.count == 3)
                ledger.enqueue(id, as: id)
                line.append(id)
            case .closed:
                Issue.record("nobody has closed it")
            }
        }

        mutating func put(_ connection: Int) {
            switch ledger.put(connection) {
            case .handOver(let same, let waiter):
                #expect(same == connection && waiter == line.removeFirst())
            case .keep:
                #expect(line.isEmpty && lent.remove(connection) != nil)
            case .close:
                Issue.record("nobody has closed it")
            }
        }
    }

    @Test(arguments: 1...20) func connectionsAreLentOnceAndInOrder(seed: UInt64) {
        var random = Seeded(state: seed)
        var model = Model()
        for _ in 0..<2_000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                model.take()
            case 2, 3:
                if let connection = model.lent.sorted().randomElement(using: &random) { model.put(connection) }
            default:
                guard let id = model.line.randomElement(using: &random) else { continue }
                #expect(model.ledger.remove(id) == id && model.ledger.remove(id) == nil)
                model.line.removeAll { $0 == id }
            }
            #expect(model.ledger.waiterCount == model.line.count)
        }
    }

    @Test func closingHandsBackTheIdleAndTheWaiting() {
        var ledger = PoolLedger<Int, String>(capacity: 2)
        _ = ledger.take()
        _ = ledger.take()
        ledger.enqueue("waiter", as: ledger.newID())
        let (idle, waiters) = ledger.beginClosing()
        #expect(idle.isEmpty && waiters == ["waiter"] && !ledger.isClosed)
        for connection in [1, 2] {
            guard case .close(connection) = ledger.put(connection) else {
                Issue.record("it must be closed")
                return
            }
            ledger.noteClosed()
        }
        #expect(ledger.isClosed)
        guard case .closed = ledger.take() else {
            Issue.record("nothing more is lent")
            return
        }
    }
}
