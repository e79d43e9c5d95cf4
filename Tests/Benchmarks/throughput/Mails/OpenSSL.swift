import Foundation
import Glibc

/// What OpenSSL's own benchmark says of this machine.
enum OpenSSL {
    /// Of one RSA signature of 2048 bits, on one core.
    static func signatureSeconds() async throws -> Double {
        try await onThread {
            // It counts until an alarm, and inherits what this thread blocks.
            var none = sigset_t()
            sigemptyset(&none)
            pthread_sigmask(SIG_SETMASK, &none, nil)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["openssl", "speed", "-seconds", "1", "rsa2048"]
            let output = Pipe()
            (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
            try process.run()
            let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            // The last line is "… sign verify sign/s verify/s".
            let fields = text.split(separator: "\n").last?.split(separator: " ") ?? []
            guard fields.count >= 4, let rate = Double(fields[fields.count - 2]) else {
                throw MeasurementFault("openssl speed said nothing that can be read")
            }
            return 1 / rate
        }
    }
}
