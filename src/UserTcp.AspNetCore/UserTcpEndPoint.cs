using System.Net;
using System.Net.Sockets;

namespace UserTcp.AspNetCore;

/// <summary>
/// An address and port of a stack, for Kestrel to listen on and for <see cref="UserTcpConnectionFactory"/> to connect
/// to. It is no <see cref="IPEndPoint"/>: where the transport is not registered, Kestrel says so and does not take a
/// socket of the kernel. Immutable, and so thread-safe.
/// </summary>
public sealed class UserTcpEndPoint : EndPoint, IEquatable<UserTcpEndPoint>
{
    /// <summary>An end point on the stack that owns the address, of those that are registered.</summary>
    /// <param name="address">
    /// An address of the stack; <see cref="IPAddress.Any"/> for all of them, where only one stack is registered.
    /// </param>
    /// <param name="port">From 0 to 65,535; 0 for a free one.</param>
    /// <param name="stackKey">
    /// The key under which the stack is registered as a keyed service; null if it is not.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The port is out of its range.</exception>
    public UserTcpEndPoint(IPAddress address, int port, object? stackKey = null)
        : this(stack: null, address, port, stackKey)
    {
    }

    /// <summary>An end point on a stack.</summary>
    /// <param name="stack">It need not be registered.</param>
    /// <param name="address">An address of it; <see cref="IPAddress.Any"/> for all of them.</param>
    /// <param name="port">From 0 to 65,535; 0 for a free one.</param>
    /// <exception cref="ArgumentOutOfRangeException">The port is out of its range.</exception>
    public UserTcpEndPoint(UserTcpStack stack, IPAddress address, int port)
        : this(NotNull(stack), address, port, stackKey: null)
    {
    }

    /// <summary>An end point on a stack's address; on all of them, if it has several.</summary>
    /// <param name="stack">It need not be registered.</param>
    /// <param name="port">From 0 to 65,535; 0 for a free one.</param>
    /// <exception cref="ArgumentOutOfRangeException">The port is out of its range.</exception>
    public UserTcpEndPoint(UserTcpStack stack, int port)
        : this(stack, OnlyAddress(NotNull(stack)), port, stackKey: null)
    {
    }

    private UserTcpEndPoint(UserTcpStack? stack, IPAddress address, int port, object? stackKey)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, IPEndPoint.MinPort);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        Stack = stack;
        Address = address;
        Port = port;
        StackKey = stackKey;
    }

    /// <summary>The stack, if it was given.</summary>
    public UserTcpStack? Stack { get; }

    /// <summary>The address; <see cref="IPAddress.Any"/> for all of the stack's.</summary>
    public IPAddress Address { get; }

    /// <summary>The port; 0 for a free one.</summary>
    public int Port { get; }

    /// <summary>The key of the stack among the services; null if it has none.</summary>
    public object? StackKey { get; }

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => Address.AddressFamily;

    /// <summary>The text that Kestrel shows behind <c>http://</c>.</summary>
    /// <returns>Address and port, as <see cref="IPEndPoint"/> spells them.</returns>
    public override string ToString() => new IPEndPoint(Address, Port).ToString();

    /// <inheritdoc/>
    public bool Equals(UserTcpEndPoint? other) =>
        other is not null && other.Port == Port && other.Address.Equals(Address)
        && ReferenceEquals(other.Stack, Stack) && Equals(other.StackKey, StackKey);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as UserTcpEndPoint);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Address, Port, Stack, StackKey);

    /// <summary>The same place, once the port is known.</summary>
    internal UserTcpEndPoint WithPort(int port) => new(Stack, Address, port, StackKey);

    private static UserTcpStack NotNull(UserTcpStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        return stack;
    }

    private static IPAddress OnlyAddress(UserTcpStack stack) =>
        stack.Addresses.Count == 1 ? stack.Addresses[0].Address : IPAddress.Any;
}
