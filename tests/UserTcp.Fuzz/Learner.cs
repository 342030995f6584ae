using System.Diagnostics;

namespace UserTcp.Fuzz;

/// <summary>
/// A fuzzer in the process: what takes a new branch is kept and mutated further. Nothing crosses a pipe, so that it
/// does more executions than one that hands inputs to another process; it needs an instrumented UserTcp.dll.
/// </summary>
internal sealed class Learner
{
    private const int MostPerFinding = 3;
    private static readonly TimeSpan s_reportEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestExecution = TimeSpan.FromMinutes(2);

    private readonly string _queueFolder;
    private readonly string _coverageFile;
    private readonly string _findingsFolder;
    private readonly BranchMap _branches = new();
    private readonly StateCoverage _coverage = new();
    private readonly List<byte[]> _queue = [];
    private readonly Dictionary<string, int> _findings = [];
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private byte[] _current = [];
    private long _executions;
    private TimeSpan _reported;

    public Learner(string folder)
    {
        _queueFolder = Directory.CreateDirectory(Path.Combine(folder, "queue")).FullName;
        _findingsFolder = Directory.CreateDirectory(Path.Combine(folder, "findings")).FullName;
        _coverageFile = Path.Combine(folder, "coverage.txt");
        _coverage.TryAdd(_coverageFile);
    }

    /// <summary>Goes on for so long, or until the process is ended.</summary>
    /// <returns>Whether nothing was found, and enough states were reached.</returns>
    public bool Run(TimeSpan time, int seed, double neededShare)
    {
        using var watchdog = new Timer(CheckProgress, new StrongExecution(), s_longestExecution, s_longestExecution);
        foreach (byte[] input in Corpus.Load().Concat(LoadQueue()))
        {
            Execute(input, isOld: true);
        }

        if (_branches.Branches == 0)
            throw new InvalidOperationException("UserTcp.dll is not instrumented: run fuzz.sh.");

        Console.WriteLine($"{_queue.Count} inputs to begin with");
        var mutations = new Mutations(_queue, seed);
        while (_watch.Elapsed < time)
        {
            Execute(mutations.Next(), isOld: false);
            if ((_executions & 255) == 0 && _watch.Elapsed - _reported > s_reportEvery)
                Report();
        }

        Report();
        _coverage.WriteTo(Console.Out, onlyMissing: true);
        return _findings.Count == 0 && _coverage.Share() >= neededShare;
    }

    private IEnumerable<byte[]> LoadQueue() =>
        Directory.EnumerateFiles(_queueFolder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes).ToArray();

    private void Execute(byte[] input, bool isOld)
    {
        Volatile.Write(ref _current, input);
        _branches.Clear();
        Finding? finding = Finding.Of(input, _coverage);
        Volatile.Write(ref _executions, _executions + 1);
        if (finding is not null)
        {
            Keep(finding);
            return;
        }

        if (!_branches.TryLearn() && !isOld)
            return;

        _queue.Add(input);
        if (!isOld)
            File.WriteAllBytes(Path.Combine(_queueFolder, $"{DateTime.UtcNow.Ticks:x}-{_queue.Count}"), input);
    }

    private void Keep(Finding finding)
    {
        int before = _findings.GetValueOrDefault(finding.Kind);
        _findings[finding.Kind] = before + 1;
        if (before < MostPerFinding)
            Console.WriteLine($"FINDING {finding.Message}\n  saved as {finding.Save(_findingsFolder)}");
    }

    private void Report()
    {
        double rate = _executions / _watch.Elapsed.TotalSeconds;
        int findings = _findings.Values.Sum();
        Console.WriteLine(
            $"{_watch.Elapsed:hh\\:mm\\:ss} {_executions} executions, {rate:F0}/s, {_branches.Branches} branches,"
            + $" {_queue.Count} inputs, {100 * _coverage.Share():F1} % of the states,"
            + $" {findings} findings of {_findings.Count} kinds; {_coverage.Executions} executions in all runs");
        _coverage.Save(_coverageFile);
        _reported = _watch.Elapsed;
    }

    // An execution that never ends cannot be taken back: its input is saved, and the process ends.
    private void CheckProgress(object? state)
    {
        var last = (StrongExecution)state!;
        long now = Volatile.Read(ref _executions);
        if (now != last.Number)
        {
            last.Number = now;
            return;
        }

        string file = Path.Combine(_findingsFolder, "endless");
        File.WriteAllBytes(file, Volatile.Read(ref _current));
        Console.WriteLine($"FINDING An execution does not end.\n  saved as {file}");
        Environment.Exit(1);
    }

    private sealed class StrongExecution
    {
        public long Number { get; set; } = -1;
    }
}
