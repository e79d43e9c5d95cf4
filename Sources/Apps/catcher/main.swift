import Glibc
import Logging
import NIOCore
import NIOPosix

// The mail sink for development: composition and signals.

let arguments = CommandLine.arguments.dropFirst()
if arguments.contains("--help") || arguments.contains("-h") {
    print(CatcherOptions.usage, terminator: "")
    exit(0)
}

func complain(_ sentence: String, exitCode: Int32) -> Never {
    let text = Array("catcher: \(sentence)\n".utf8)
    _ = write(STDERR_FILENO, text, text.count)
    exit(exitCode)
}

do {
    let options = try CatcherOptions(arguments)
    LoggingSystem.bootstrap(StreamLogHandler.standardError(label:))
    let catcher = Catcher(try MailDirectory(options.directory), logger: Logger(label: "catcher"))
    let server = try catcher.listen(host: options.host, port: options.port)

    // The main thread waits for the listening socket to close.
    let signals = Termination.whenAsked { server.close(promise: nil) }

    let address = "\(options.host):\(server.localAddress?.port ?? options.port)"
    print("catcher listens on \(address), mail goes to \(options.directory)")
    fflush(nil)
    if let file = options.readyFile {
        try MailDirectory.write(Array("\(address)\n".utf8), to: file, by: "\(file).\(getpid())")
    }

    try server.closeFuture.wait()
    try catcher.stop()
    withExtendedLifetime(signals) {}
} catch let fault as OptionFault {
    complain("\(fault.sentence)\n\n\(CatcherOptions.usage)", exitCode: 64)
} catch {
    complain("\(error)", exitCode: 69)
}
