using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using UserTcp;
using UserTcp.Gateway;
using UserTcp.Links;

namespace HttpGet;

/// <summary>The stack that fetches, and the way out that the command line chose for it.</summary>
internal sealed class Network : IAsyncDisposable
{
    private readonly IAsyncDisposable _owner;
    private readonly CaptureLink? _capture;

    private Network(UserTcpStack stack, IAsyncDisposable owner, IPAddress? loopbackAlias, string note)
    {
        Stack = stack;
        _owner = owner;
        _capture = stack.Link as CaptureLink;
        LoopbackAlias = loopbackAlias;
        Note = note;
    }

    public UserTcpStack Stack { get; }

    /// <summary>The address that stands for this machine's own loopback; null if none does.</summary>
    public IPAddress? LoopbackAlias { get; }

    /// <summary>What is remarkable about the link.</summary>
    public string Note { get; }

    /// <summary>Opens the link and starts the stack.</summary>
    /// <exception cref="GetException">It cannot be opened; the message says what helps.</exception>
    public static async Task<Network> OpenAsync(
        GetOptions options, ILoggerFactory? loggers, CancellationToken cancellationToken)
    {
        try
        {
            return options.PcapDevice is null
                ? await OpenGatewayAsync(options, loggers, cancellationToken)
                : await OpenPcapAsync(options, loggers, cancellationToken);
        }
        catch (ArgumentException error)
        {
            throw new GetException(ExitCode.Usage, error.Message, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SocketException
            or DllNotFoundException or NotSupportedException)
        {
            throw new GetException(ExitCode.CannotConnect, error.Message, error);
        }
    }

    public ValueTask DisposeAsync() => _owner.DisposeAsync();

    /// <summary>To be called at the end, when all is written.</summary>
    /// <exception cref="GetException">The capture is not complete.</exception>
    public void CheckCapture()
    {
        if (_capture?.CaptureFailure is { } failure)
            throw new GetException(ExitCode.CannotWrite, $"The capture is not complete: {failure.Message}", failure);
    }

    private static async Task<Network> OpenGatewayAsync(
        GetOptions options, ILoggerFactory? loggers, CancellationToken cancellationToken)
    {
        EmbeddedGatewayOptions embedded = new() { MacAddress = options.MacAddress };

        // Only a program that a person starts on his own machine may lend out the machine's loopback.
        embedded.Gateway.AllowLoopback = true;
        embedded.Gateway.LoggerFactory = loggers;
        embedded.Address = options.Address ?? embedded.Address;
        if (options.Gateway is not null)
            embedded.Gateway.Address = new UserTcpAddress(options.Gateway, embedded.Address.PrefixLength);
        if (options.Capture is not null)
        {
            // A capture is for reading: whole segments with finished checksums, as they would be on a wire.
            embedded.Link.Features = LinkFeatures.PointToPoint;
            embedded.WrapLink = link => Captured(link, options);
        }

        EmbeddedGateway gateway = await EmbeddedGateway.StartAsync(embedded, cancellationToken);
        return new Network(
            gateway.Stack, gateway, embedded.Gateway.Address.Address, "in memory, to a gateway in this process");
    }

    private static async Task<Network> OpenPcapAsync(
        GetOptions options, ILoggerFactory? loggers, CancellationToken cancellationToken)
    {
        LinkDevice link = Captured(PcapLink.Open(options.PcapDevice!), options);
        UserTcpStackOptions stack = new()
        {
            Link = link,
            MacAddress = options.MacAddress,
            Addresses = { options.Address!.Value },
            Gateway = options.Gateway,
            LoggerFactory = loggers,
        };
        try
        {
            UserTcpStack running = await UserTcpStack.OpenAsync(stack, cancellationToken);
            return new Network(running, running, loopbackAlias: null, "the kernel has no socket here: see 'ss -tn'");
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    private static LinkDevice Captured(LinkDevice link, GetOptions options)
    {
        if (options.Capture is null)
            return link;

        try
        {
            return new CaptureLink(link, options.Capture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            link.Dispose();
            throw new GetException(ExitCode.CannotWrite, $"The capture cannot be written: {error.Message}", error);
        }
    }
}
