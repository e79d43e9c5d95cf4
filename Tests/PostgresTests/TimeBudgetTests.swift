import Testing

@testable import Postgres

@Suite struct TimeBudgetTests {
    private let now = ContinuousClock.now

    private func budget(_ left: Duration?, statementTimeout: Duration = .seconds(30)) throws -> TimeBudget {
        TimeBudget(
            try PostgresConfiguration(url: "", applicationName: "a", statementTimeout: statementTimeout),
            within: left, from: now)
    }

    @Test func withoutALimitTheConfigurationDecides() throws {
        let budget = try budget(nil)
        #expect(!budget.isSpecial && !budget.isSpent(at: now) && !budget.outlasts(nil, at: now))
        #expect(budget.serverTimeout(at: now) == .seconds(30))
        #expect(budget.givesUp(at: now) == now + .seconds(40))
        let endless = try self.budget(nil, statementTimeout: .zero)
        #expect(endless.givesUp(at: now) == nil && endless.serverTimeout(at: now) == .zero)
    }

    @Test(arguments: [2, 20, 200, 2_000, 20_000], [0, 30_000])
    func theServerEndsAStatementBeforeWeGiveItUp(milliseconds: Int, statementTimeout: Int) throws {
        let left = Duration.milliseconds(milliseconds)
        let budget = try budget(left, statementTimeout: .milliseconds(statementTimeout))
        let timeout = budget.serverTimeout(at: now)
        // Zero would be no limit at all.
        #expect(budget.isSpecial && timeout >= .milliseconds(1) && timeout < left)
        #expect(budget.givesUp(at: now) == now + left)
        #expect(!budget.outlasts(timeout, at: now))
        #expect(budget.outlasts(timeout, at: now + left / 2) && budget.outlasts(nil, at: now))
        #expect(budget.outlasts(.zero, at: now))
        #expect(!budget.isEnding(at: now) && budget.isEnding(at: now + timeout))
        #expect(!budget.isSpent(at: now + timeout) && budget.isSpent(at: now + left))
    }

    @Test func noTimeAtAll() throws {
        for left in [Duration.zero, .seconds(-1)] {
            let budget = try budget(left)
            #expect(budget.isEnding(at: now) && budget.isSpent(at: now))
            #expect(budget.serverTimeout(at: now) == .milliseconds(1))
        }
    }

    @Test func aShorterTimeoutOfTheCallersStays() throws {
        let budget = try budget(.seconds(20), statementTimeout: .milliseconds(100))
        #expect(budget.serverTimeout(at: now) == .milliseconds(100))
        #expect(!budget.outlasts(.milliseconds(100), at: now + .seconds(19)))
        #expect(budget.givesUp(at: now) == now + .milliseconds(10_100))
        #expect(budget.givesUp(at: now + .seconds(15)) == now + .seconds(20))
    }
}
