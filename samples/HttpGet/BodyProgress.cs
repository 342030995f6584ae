using System.Diagnostics;
using HttpGet.Http;

namespace HttpGet;

/// <summary>A line that grows with a long body. Only for terminals.</summary>
internal sealed class BodyProgress(Report report, HttpBodyExtent body)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _next = TimeSpan.FromMilliseconds(500);
    private bool _isDrawn;

    public void Advance(long bytes)
    {
        TimeSpan elapsed = _clock.Elapsed;
        if (elapsed < _next)
            return;

        _next = elapsed + s_interval;
        _isDrawn = true;
        string share = body.Kind == HttpBodyKind.Length && body.Length > 0
            ? $" of {Report.Bytes(body.Length)} ({100 * bytes / body.Length} %)" : "";
        report.Progress($"  body      {Report.Bytes(bytes)}{share}  {Report.Rate(bytes, elapsed)}");
    }

    /// <summary>Removes the line.</summary>
    public void End()
    {
        if (_isDrawn)
            report.Progress("");
    }
}
