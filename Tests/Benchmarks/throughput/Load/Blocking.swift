import Foundation
import Glibc

/// Runs blocking work on a thread of its own, so that no other task has to wait for it.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}

/// A system call that failed.
struct SystemFault: Error, CustomStringConvertible {
    let description: String

    /// Takes the reason from `errno`.
    init(_ call: String) { description = "\(call): \(String(cString: strerror(errno)))" }
}

/// Something that is not as it has to be for a figure to mean anything.
struct MeasurementFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
