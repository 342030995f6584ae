namespace UserTcp.Lab.Tests.Support;

/// <summary>
/// Limits the time of a test before its waits are cancelled. The seconds are those of an idle machine, far more than the
/// test ever needs; a machine with six processes for each CPU gets six times as long. The runner ends a test after ten
/// minutes.
/// </summary>
internal sealed class Patience(int seconds) : IDisposable
{
    private const int LoadFactor = 6;
    private const int MaxSeconds = 540;

    private readonly CancellationTokenSource _source = new(
        TimeSpan.FromSeconds(Math.Min(seconds * LoadFactor, MaxSeconds)));

    public CancellationToken Token => _source.Token;

    public void Dispose() => _source.Dispose();
}
