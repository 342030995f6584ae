using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp;

/// <content>Addresses that come and go while the stack runs.</content>
public sealed partial class UserTcpStack
{
    /// <summary>
    /// The stack's IP addresses of this moment, the preferred one first; before the start those of the options. Empty
    /// when all were removed.
    /// </summary>
    public IReadOnlyList<UserTcpAddress> Addresses => Running is { } running
        ? Array.ConvertAll(running.Addresses.All.ToArray(), Show)
        : _addresses;

    /// <summary>
    /// Claims another address on the link and completes when it is the stack's: nobody answered the probes (RFC 5227
    /// §2.1.1). Listeners on all addresses listen there, too.
    /// </summary>
    /// <param name="address">IPv4, with the prefix length of its subnet.</param>
    /// <param name="cancellationToken">Gives the claim up.</param>
    /// <returns>Completed when the address can be used.</returns>
    /// <exception cref="ArgumentException">
    /// The address is the stack's already, or cannot be a host's; or its prefix length is not from 1 to 32.
    /// </exception>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.AddressAlreadyInUse"/>: another station has it; the message names its MAC.
    /// <see cref="SocketError.OperationAborted"/>: it was removed, or the stack ended, while it was being claimed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The stack was disposed of.</exception>
    /// <exception cref="OperationCanceledException">
    /// The token was cancelled, and the address is not the stack's.
    /// </exception>
    public async ValueTask AddAddressAsync(UserTcpAddress address, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address.Address, nameof(address));
        HostAddress host = OptionCheck.Ipv4(address.Address, nameof(address));
        RunningStack running = await _life.RunAsync(cancellationToken).ConfigureAwait(false);
        await running.Addresses
            .AddAsync(new LocalAddress(host, address.PrefixLength), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Gives an address up at once. Connections with it end with <see cref="UserTcpCloseReason.AddressLost"/>, and
    /// their peers are told nothing. Listeners stay, and go on if the address comes back. Routes whose gateway is in no
    /// subnet any more rest until it is.
    /// </summary>
    /// <param name="address">The address.</param>
    /// <param name="cancellationToken">Ends the start of the stack, should this be its first use.</param>
    /// <returns>False if it was not the stack's, nor being claimed.</returns>
    /// <exception cref="SocketException">The stack has failed.</exception>
    /// <exception cref="ObjectDisposedException">The stack was disposed of.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<bool> RemoveAddressAsync(IPAddress address, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        RunningStack running = await _life.RunAsync(cancellationToken).ConfigureAwait(false);
        return running.Addresses.Remove(HostAddress.From(address));
    }

    /// <summary>
    /// Deprecates an address, or prefers it again: new connections begin with another address if there is one (RFC 6724
    /// §5, rule 3). All else stays.
    /// </summary>
    /// <param name="address">The address.</param>
    /// <param name="isDeprecated">False to prefer it again.</param>
    /// <param name="cancellationToken">Ends the start of the stack, should this be its first use.</param>
    /// <returns>False if it is not the stack's.</returns>
    /// <inheritdoc cref="RemoveAddressAsync" path="/exception"/>
    public async ValueTask<bool> DeprecateAddressAsync(
        IPAddress address, bool isDeprecated = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        RunningStack running = await _life.RunAsync(cancellationToken).ConfigureAwait(false);
        return running.Addresses.Deprecate(HostAddress.From(address), isDeprecated);
    }

    /// <summary>
    /// Tells of all addresses with their states, and then of each change in its order. Ends when the stack does.
    /// </summary>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <returns>The addresses, then the changes.</returns>
    /// <inheritdoc cref="RemoveAddressAsync" path="/exception"/>
    public async IAsyncEnumerable<UserTcpAddressChange> WatchAddressesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        RunningStack running = await _life.RunAsync(cancellationToken).ConfigureAwait(false);
        await foreach (AddressChange change in running.Addresses.WatchAsync(cancellationToken).ConfigureAwait(false))
            yield return new UserTcpAddressChange(Show(change.Local), change.State);
    }

    private static UserTcpAddress Show(LocalAddress local) => new(local.Address.ToIPAddress(), local.PrefixLength);
}
