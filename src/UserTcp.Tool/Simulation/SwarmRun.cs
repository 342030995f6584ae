using System.Diagnostics;
using UserTcp.Testing;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Simulation;

/// <summary>Runs seeds on all processors, and tells of them.</summary>
internal sealed class SwarmRun(SwarmPlan plan, ToolOutput output)
{
    private static readonly TimeSpan s_progress = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly List<Failed> _failed = [];
    private long _next;
    private long _done;
    private TimeSpan _shown;

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        IEnumerable<Task> workers = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Factory.StartNew(
            () => Work(cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default));
        await Task.WhenAll(workers);
        Summarize();
        cancellationToken.ThrowIfCancellationRequested();
        return _failed.Count > 0 ? 1 : 0;
    }

    private void Work(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            // One is run however little time there was: a swarm of none would pass without having looked.
            long number = Interlocked.Increment(ref _next) - 1;
            if (number >= plan.Seeds || (number > 0 && _watch.Elapsed >= plan.Time))
                return;

            SwarmFailure? failure = SimulationSwarm.Check(unchecked(plan.First + (ulong)number));
            lock (_lock)
                Report(failure);
        }
    }

    private void Report(SwarmFailure? failure)
    {
        _done++;
        if (failure is not null)
            Report(Failed.Of(failure, plan.Folder));
        if (_watch.Elapsed - _shown < s_progress)
            return;

        _shown = _watch.Elapsed;
        output.Line($"{_done} seeds, {_failed.Count} failed, {_done / _watch.Elapsed.TotalSeconds:F0} per second");
    }

    private void Report(Failed failed)
    {
        _failed.Add(failed);
        foreach (string line in failed.Description)
            output.Line(line);
        foreach (string file in failed.Captures)
            output.Line($"  {file}");
    }

    private void Summarize()
    {
        _failed.Sort((a, b) => a.Seed.CompareTo(b.Seed));
        if (output.IsJson)
        {
            output.Json(new
            {
                FirstSeed = plan.First, Seeds = _done, Seconds = _watch.Elapsed.TotalSeconds, Failed = _failed,
            });
            return;
        }

        output.Line(
            $"{_done} seeds from {plan.First} in {_watch.Elapsed:hh\\:mm\\:ss}, {_failed.Count} failed"
            + (_failed.Count > 0 ? $": {string.Join(' ', _failed.Select(failed => failed.Seed))}" : ""));
    }

    /// <summary>A seed that failed.</summary>
    /// <param name="Seed">Of the run.</param>
    /// <param name="Violation">What happened that must not.</param>
    /// <param name="Description">That, and what it takes, in lines.</param>
    /// <param name="Captures">The files.</param>
    private sealed record Failed(
        ulong Seed, string Violation, IReadOnlyList<string> Description, IReadOnlyList<string> Captures)
    {
        public static Failed Of(SwarmFailure failure, string? folder) => new(
            failure.Seed, failure.Violation, $"{failure}".Split('\n'), folder is null ? [] : Capture(failure, folder));

        private static IReadOnlyList<string> Capture(SwarmFailure failure, string folder)
        {
            try
            {
                return failure.Capture(folder);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new ToolException(Failure.Write, $"The capture cannot be written: {error.Message}", error);
            }
        }
    }
}
