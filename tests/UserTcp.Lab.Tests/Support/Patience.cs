namespace UserTcp.Lab.Tests.Support;

/// <summary>How long a test may take before its waits are cancelled: far longer than it ever needs.</summary>
internal sealed class Patience(int seconds) : IDisposable
{
    private readonly CancellationTokenSource _source = new(TimeSpan.FromSeconds(seconds));

    public CancellationToken Token => _source.Token;

    public void Dispose() => _source.Dispose();
}
