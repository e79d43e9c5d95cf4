import Logging
import Postgres
import Schema
import ServiceLifecycle
import ServiceRuntime
import Store

/// Ends the process when its clock or schema is not the store's; waits for a store that is away or not migrated yet.
struct ClockGuard: Service {
    let pool: PostgresPool
    let mode: DomainClock.Mode
    let logger: Logger

    func run() async throws {
        var said = ""
        while !Task.isShuttingDownGracefully {
            do {
                let (version, held) = try await pool.withTransaction { session in
                    let version = try Migrator.version(in: session) ?? 0
                    return (version, version > 0 ? try DomainClock.mode(in: session) : nil)
                }
                if version >= Migrator.latest, let held {
                    guard held == mode else {
                        throw ExitFault(
                            code: .settings,
                            message: "LOODS_CLOCK is \(mode.rawValue), but the store's clock is \(held.rawValue)")
                    }
                    break
                }
                say("the store is not migrated yet; run: loods migrate", &said)
            } catch let fault as ExitFault {
                throw fault
            } catch {
                say("\(error)", &said)
            }
            do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
        }
        try? await gracefulShutdown()
    }

    private func say(_ reason: String, _ said: inout String) {
        if reason != said { logger.warning("the service waits for the store", metadata: ["reason": "\(reason)"]) }
        said = reason
    }
}
