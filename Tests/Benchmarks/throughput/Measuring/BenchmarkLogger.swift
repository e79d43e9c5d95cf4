import Logging

extension Logger {
    /// What the drivers have to say during a measurement: errors alone, beside the report.
    static var benchmark: Logger {
        var logger = Logger(label: "throughput", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .error
        return logger
    }
}
