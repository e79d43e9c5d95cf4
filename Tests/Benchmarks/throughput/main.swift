import Foundation

// `throughput` measures a running cluster beside the floors that bound it; `deploy/dev bench` starts one and calls it.
let arguments = Array(CommandLine.arguments.dropFirst())
if arguments == [SinkProcess.argument] {
    try await HTTPSink.serve()
    exit(0)
}
do {
    let options = try Options(arguments)
    let surroundings = try Surroundings(ProcessInfo.processInfo.environment)
    switch options.parts {
    case [.rules]: try await RulesBenchmark(options, surroundings).run()
    case [.depth]: try await DepthBenchmark(options, surroundings).run()
    case [.wakes]: try await WakeBenchmark(options, surroundings).run()
    case [.broadcast]: try await BroadcastBenchmark(options, surroundings).run()
    case [.steps], [.timers], Options.Part.journeys:
        try await JourneyBenchmark(options: options, surroundings: surroundings).run()
    case [.python]: try await PythonBenchmark(options, surroundings).run()
    case [.delivery]: try await DeliveryBenchmark(options, surroundings).run()
    case [.pace]: try await PaceBenchmark(options, surroundings).run()
    case [.backfill]: try await BackfillBenchmark(options, surroundings).run()
    default: try await Benchmark(options, surroundings).run()
    }
} catch let fault as UsageFault {
    FileHandle.standardError.write(Data("throughput: \(fault.sentence)\n".utf8))
    exit(64)
} catch {
    FileHandle.standardError.write(Data("throughput: \(error)\n".utf8))
    exit(1)
}
