public import Logging
import Model
public import Postgres
import Store
public import Transit

extension SharedLimits {
    /// Shares limits with all ingest processes on one store.
    public convenience init(pool: PostgresPool, clock: MachineClock, logger: Logger) {
        let edge = UniqueID.random()
        self.init(
            clock: clock, logger: logger,
            exchange: { rates, quotas, machineNow in
                // A process that cannot ask for a second goes on with its share, and asks again.
                try await pool.withTransaction(within: .seconds(1)) { session in
                    Answer(
                        rates: try KeyAllowances.exchange(rates, machineNow: machineNow, in: session),
                        quotas: try QuotaUse.exchange(quotas, machineNow: machineNow, in: session),
                        processes: try Edges.attend(edge, machineNow: machineNow, in: session))
                }
            },
            leave: { try? await pool.withTransaction(within: .seconds(1)) { try Edges.leave(edge, in: $0) } })
    }
}
