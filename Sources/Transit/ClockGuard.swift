import Logging
import ServiceLifecycle
import ServiceRuntime

/// Opens the gate to the store; ends the process when its clock is not the store's, and waits for a store that is away or
/// not migrated yet.
struct ClockGuard: Service {
    let gate: StoreGate
    let logger: Logger

    func run() async throws {
        var said = ""
        while !Task.isShuttingDownGracefully, let obstacle = try await gate.look() {
            if obstacle != said {
                logger.warning("the service waits for the store", metadata: ["reason": "\(obstacle)"])
            }
            said = obstacle
            do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
        }
        try? await gracefulShutdown()
    }
}
