import Dispatch
import Glibc

/// The signals that end a process.
enum Termination {
    /// Calls `act` on SIGTERM and SIGINT for as long as the result is kept.
    static func whenAsked(_ act: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
        [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: act)
            source.resume()
            return source
        }
    }
}
