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
        var open: Set<Int> = []
        var line: [UInt64] = []

        var idle: Set<Int> { Set((0..<made).map { $0 + 1 }).subtracting(lent) }

        mutating func take(mayOpen: Bool) {
            let id = ledger.newID()
            let isOpenIdle = !idle.isDisjoint(with: open)
            let open = open
            switch ledger.take(mayOpen: mayOpen, isOpen: open.contains) {
            case .take(let connection):
                #expect(open.contains(connection) == isOpenIdle)
                #expect(isOpenIdle || mayOpen || lent.isEmpty)
                #expect(lent.insert(connection).inserted)
            case .make:
                #expect(idle.isEmpty && (mayOpen || lent.isEmpty))
                made += 1
                #expect(made <= 3 && lent.insert(made).inserted)
            case .wait:
                // Somebody will bring one back.
                #expect(!lent.isEmpty && !isOpenIdle && (!mayOpen || lent.count == 3))
                ledger.enqueue(id, as: id)
                line.append(id)
            case .closed:
                Issue.record("nobody has closed it")
            }
        }

        mutating func takeUnopened() {
            let open = open
            let cold = idle.subtracting(open)
            switch ledger.takeUnopened(isOpen: open.contains) {
            case .take(let connection): #expect(cold.contains(connection) && lent.insert(connection).inserted)
            case .make:
                made += 1
                #expect(cold.isEmpty && made <= 3 && lent.insert(made).inserted)
            case .wait: #expect(cold.isEmpty && made == 3)
            case .closed: Issue.record("nobody has closed it")
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

    @Test(arguments: 1...20) func connectionsAreLentOnceAndThoseThatAreOpenFirst(seed: UInt64) {
        var random = Seeded(state: seed)
        var model = Model()
        for _ in 0..<2_000 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1:
                model.take(mayOpen: .random(using: &random))
            case 2, 3:
                if let connection = model.lent.sorted().randomElement(using: &random) { model.put(connection) }
            case 4:
                model.takeUnopened()
            case 5:
                if let connection = model.lent.sorted().randomElement(using: &random) { model.open.insert(connection) }
            case 6:
                if let connection = model.open.sorted().randomElement(using: &random) { model.open.remove(connection) }
            default:
                guard let id = model.line.randomElement(using: &random) else { continue }
                #expect(model.ledger.remove(id) == id && model.ledger.remove(id) == nil)
                model.line.removeAll { $0 == id }
            }
            #expect(model.ledger.waiterCount == model.line.count)
        }
    }

    @Test func theOneThatCannotBeOpenedIsLentLast() throws {
        var ledger = PoolLedger<Int, String>(capacity: 2)
        let isOpen: (Int) -> Bool = { $0 == 1 }
        _ = ledger.take(isOpen: isOpen)
        _ = ledger.take(isOpen: isOpen)
        _ = ledger.put(1)
        _ = ledger.put(2)
        guard case .take(1) = ledger.take(isOpen: isOpen) else { throw Unexpected() }
        guard case .wait = ledger.take(mayOpen: false, isOpen: isOpen) else { throw Unexpected() }
        guard case .take(2) = ledger.take(mayOpen: true, isOpen: isOpen) else { throw Unexpected() }
    }

    private struct Unexpected: Error {}

    @Test func closingHandsBackTheIdleAndTheWaiting() {
        var ledger = PoolLedger<Int, String>(capacity: 2)
        _ = ledger.take { _ in true }
        _ = ledger.take { _ in true }
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
        guard case .closed = ledger.take(isOpen: { _ in true }) else {
            Issue.record("nothing more is lent")
            return
        }
    }
}
