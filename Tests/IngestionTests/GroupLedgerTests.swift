import Testing

@testable import Ingestion

@Suite struct GroupLedgerTests {
    private func ledger(capacity: Int = 100, group: Int = 50) -> GroupLedger<Int> {
        GroupLedger(capacity: capacity, groupLimit: group, size: { $0 })
    }

    @Test func theFirstWakesAndTheRestGather() {
        var ledger = ledger()
        #expect(ledger.admit(1) == .wakes)
        #expect(ledger.admit(2) == .gathers)
        #expect(ledger.begin() == [1, 2])
        #expect(ledger.admit(3) == .gathers)
        #expect(ledger.begin() == nil)
        ledger.end([1, 2])
        #expect(ledger.begin() == [3])
        ledger.end([3])
        #expect(ledger.isEmpty)
        #expect(ledger.heldBytes == 0)
        #expect(ledger.admit(4) == .wakes)
    }

    @Test func groupsAreBoundedAndInOrder() {
        var ledger = ledger()
        for size in [20, 30, 1, 40] { _ = ledger.admit(size) }
        #expect(ledger.begin() == [20, 30])
        ledger.end([20, 30])
        #expect(ledger.begin() == [1, 40])
    }

    @Test func anEntryBeyondTheLimitIsAGroupOfItsOwn() {
        var ledger = ledger()
        _ = ledger.admit(70)
        _ = ledger.admit(1)
        #expect(ledger.begin() == [70])
    }

    @Test func plentyGoesBesideWhatIsUnconfirmedUpToABound() {
        var ledger = GroupLedger<Int>(capacity: 1000, groupLimit: 50, plenty: 20, atOnce: 2, size: { $0 })
        #expect(ledger.admit(1) == .wakes)
        #expect(ledger.begin() == [1])
        #expect(ledger.admit(19) == .gathers)
        #expect(ledger.begin() == nil)
        #expect(ledger.admit(2) == .wakes)
        #expect(ledger.admit(3) == .gathers)
        #expect(ledger.begin() == [19, 2, 3])
        #expect(ledger.admit(40) == .gathers)
        #expect(ledger.begin() == nil)
        ledger.end([1])
        #expect(ledger.begin() == [40])
        #expect(ledger.admit(5) == .gathers)
        ledger.end([19, 2, 3])
        #expect(ledger.begin() == nil)
        ledger.end([40])
        #expect(ledger.begin() == [5])
        ledger.end([5])
        #expect(ledger.isEmpty && ledger.heldBytes == 0)
    }

    @Test func whatIsTakenOutIsNoPlenty() {
        var ledger = GroupLedger<Int>(capacity: 1000, groupLimit: 50, plenty: 20, atOnce: 2, size: { $0 })
        _ = ledger.admit(1)
        _ = ledger.begin()
        #expect(ledger.admit(20) == .wakes)
        #expect(ledger.take { $0 == 20 } == [20])
        #expect(ledger.admit(19) == .gathers)
        #expect(ledger.begin() == nil)
    }

    @Test func whatIsAwaitedHasABoundOfItsOwn() {
        var ledger = GroupLedger<Int>(
            capacity: 100, groupLimit: 50, places: 2, size: { _ in 1 }, isAwaited: { $0.isMultiple(of: 2) })
        #expect(ledger.admit(2) == .wakes)
        #expect(ledger.admit(4) == .gathers)
        #expect(ledger.admit(6) == .full)
        #expect(ledger.admit(7) == .gathers)
        #expect(ledger.begin() == [2, 4, 7])
        ledger.end([2, 4, 7], keeping: [7])
        #expect(ledger.awaited == 0)
        #expect(ledger.admit(8) == .gathers)
        #expect(ledger.take { $0 == 8 } == [8])
        #expect(ledger.awaited == 0)
        #expect(ledger.heldBytes == 1)
        #expect(ledger.drain() == [7])
        #expect(ledger.isEmpty)
    }

    @Test func memoryIsBounded() {
        var ledger = ledger()
        #expect(ledger.admit(60) == .wakes)
        #expect(ledger.admit(41) == .full)
        #expect(ledger.begin() == [60])
        #expect(ledger.admit(41) == .full)
        ledger.end([60])
        #expect(ledger.admit(41) == .wakes)
    }

    @Test func whatIsKeptGoesFirstAndCounts() {
        var ledger = ledger()
        _ = ledger.admit(10)
        _ = ledger.admit(20)
        let group = ledger.begin()!
        _ = ledger.admit(5)
        ledger.end(group, keeping: [20])
        #expect(ledger.heldBytes == 25)
        #expect(ledger.begin() == [20, 5])
    }

    @Test func aClosedLedgerStillEmpties() {
        var ledger = ledger()
        _ = ledger.admit(1)
        ledger.close()
        #expect(ledger.admit(2) == .closed)
        #expect(ledger.begin() == [1])
        ledger.end([1])
        #expect(ledger.isEmpty)
    }
}
