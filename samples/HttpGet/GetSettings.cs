using System.Security.Cryptography.X509Certificates;
using UserTcp;

namespace HttpGet;

/// <summary>What no option of the command line changes.</summary>
internal sealed record GetSettings
{
    /// <summary>How long a connect, a TLS handshake included, may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a server may say nothing.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How connections behave; null for the defaults.</summary>
    public UserTcpConnectionOptions? Connections { get; init; }

    /// <summary>Whether a progress line may be drawn: only on a terminal.</summary>
    public bool ShowProgress { get; init; }

    /// <summary>Whom to believe when a server shows its certificate; null for whom the system believes.</summary>
    public X509ChainPolicy? Trust { get; init; }
}
