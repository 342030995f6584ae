using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace UserTcp.Tool.Dump;

/// <summary>The names of hosts and ports, as far as they are wanted and known.</summary>
/// <param name="isNumeric">Whether no name is wanted.</param>
internal sealed class NameBook(bool isNumeric)
{
    /// <summary>Hosts that are remembered; beyond it the book begins anew.</summary>
    private const int MaxHosts = 4096;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private readonly Dictionary<IPAddress, string> _hosts = [];
    private readonly Lazy<Dictionary<(int Port, string Protocol), string>> _services = new(ReadServices);

    /// <summary>The name of a host, or its address.</summary>
    public async ValueTask<string> HostAsync(IPAddress address, CancellationToken cancellationToken)
    {
        if (isNumeric)
            return address.ToString();
        if (_hosts.TryGetValue(address, out string? known))
            return known;

        if (_hosts.Count >= MaxHosts)
            _hosts.Clear();
        string name = await AskSystemAsync(address, cancellationToken);
        return _hosts[address] = name;
    }

    /// <summary>The name of a port, or its number.</summary>
    public string Port(int port, string protocol) =>
        !isNumeric && _services.Value.TryGetValue((port, protocol), out string? name)
            ? name : port.ToString(CultureInfo.InvariantCulture);

    private static async Task<string> AskSystemAsync(IPAddress address, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_patience);
        try
        {
            IPHostEntry entry = await Dns.GetHostEntryAsync(address.ToString(), limit.Token).WaitAsync(limit.Token);
            return entry.HostName is { Length: > 0 } name ? name : address.ToString();
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ArgumentException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return address.ToString(); // unknown, or not known in time: the number does as well
        }
    }

    // NAME PORT/PROTOCOL ALIAS… # COMMENT
    private static Dictionary<(int Port, string Protocol), string> ReadServices()
    {
        Dictionary<(int, string), string> services = [];
        string file = OperatingSystem.IsWindows()
            ? Path.Combine(Environment.SystemDirectory, "drivers", "etc", "services") : "/etc/services";
        if (!File.Exists(file))
            return services;

        foreach (string line in File.ReadLines(file))
        {
            string[] words = line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 1 && words[1].Split('/') is [var number, var protocol]
                && int.TryParse(number, CultureInfo.InvariantCulture, out int port))
            {
                services.TryAdd((port, protocol), words[0]);
            }
        }

        return services;
    }
}
